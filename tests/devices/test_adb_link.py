import os
from pathlib import Path

import pytest
from stand_in_adb import StandInAdb

from bireid_deploy.cli.main import exit_code_of
from bireid_deploy.devices.adb_link import AdbLink
from bireid_deploy.devices.target import Target
from bireid_deploy.errors import DeviceCheckError, DeviceUnreachableError, MissingProgramError


@pytest.fixture
def adb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandInAdb:
    stand_in = StandInAdb(tmp_path / "adb")
    monkeypatch.setenv("PATH", f"{stand_in.folder}{os.pathsep}{os.environ['PATH']}")
    return stand_in


def open_link(serial: str) -> AdbLink:
    return AdbLink(Target.parse(f"adb://{serial}/data/local/tmp/reid"))


def test_a_device_is_named_by_its_serial(adb: StandInAdb):
    assert open_link(adb.serial).name == adb.serial


def test_a_device_that_is_not_attached_is_unreachable(adb: StandInAdb):
    with pytest.raises(DeviceUnreachableError, match=r"^OTHER: not attached;") as caught:
        open_link("OTHER")
    assert exit_code_of(caught.value) == 5


@pytest.mark.parametrize(
    ("message", "explanation"),
    [
        ("error: device unauthorized.\nThis adb server's keys are not set", "on its screen"),
        ("adb: device offline", "plug the cable in again"),
        ("adb: no devices/emulators found", "switch USB debugging on"),
        ("adb: insufficient permissions for device", "udev rules"),
        ("adb: cannot connect to daemon", "`adb kill-server`"),
        ("error: closed", r"the connection broke \(error: closed\)"),
    ],
)
def test_what_adb_says_is_explained(adb: StandInAdb, message: str, explanation: str):
    adb.break_with(f'echo "{message}" >&2; exit 1')
    with pytest.raises(DeviceUnreachableError, match=explanation) as caught:
        open_link(adb.serial)
    assert "\n" not in str(caught.value)


def test_a_pulled_cable_is_no_success(adb: StandInAdb):
    link = open_link(adb.serial)
    adb.break_with("echo half of the output; exit 0")
    with pytest.raises(DeviceUnreachableError, match="connection broke"):
        link.run("./selftest")


def test_a_pulled_cable_is_noticed_while_copying(adb: StandInAdb, tmp_path: Path):
    link = open_link(adb.serial)
    adb.break_with(f"echo \"adb: device '{adb.serial}' not found\" >&2; exit 1")
    (tmp_path / "source").write_bytes(b"0123456789")
    with pytest.raises(DeviceUnreachableError, match="not attached"):
        link.send(tmp_path / "source", str(tmp_path / "copy"), lambda _: None)


def test_a_full_device_is_named(adb: StandInAdb, tmp_path: Path):
    link = open_link(adb.serial)
    message = "adb: error: failed to copy: remote write failed: No space left on device"
    adb.break_with(f'[ "$1" != push ] || {{ echo "{message}" >&2; exit 1; }}')
    (tmp_path / "source").write_bytes(b"0123456789")
    with pytest.raises(DeviceCheckError, match="the device is full"):
        link.send(tmp_path / "source", str(tmp_path / "copy"), lambda _: None)


def test_without_adb_the_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingProgramError, match=r"^adb: not installed") as caught:
        open_link("R58M123ABC")
    assert exit_code_of(caught.value) == 4

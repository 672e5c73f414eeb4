"""What rules a device out, and the remedy that is named for it."""

from dataclasses import replace

import pytest

from bireid_deploy.devices.facts import DeviceFacts
from bireid_deploy.devices.requirements import check, require
from bireid_deploy.errors import DeviceCheckError

PI_4 = DeviceFacts(
    directory="/home/pi/reid",
    home="/home/pi",
    user_id=1000,
    system="Linux",
    kernel="6.6.31+rpt-rpi-v8",
    machine="aarch64",
    userland_bits=64,
    is_android=False,
    cpu_model="Raspberry Pi 4 Model B Rev 1.4",
    cpu_features=("fp", "asimd"),
    cores=4,
    page_size=4096,
    c_library="glibc 2.36",
    glibc=(2, 36),
    python=(3, 11, 2),
    python_has_venv=True,
    free_bytes=20_000_000_000,
    memory_bytes=4_000_000_000,
    writable=True,
    executable=True,
    open_to_others=True,
    service_manager="systemd",
    missing_tools=(),
)
ANDROID = replace(
    PI_4,
    directory="/data/local/tmp/reid",
    user_id=2000,
    is_android=True,
    cpu_model="Pixel 8",
    c_library="bionic",
    glibc=None,
    python=None,
    python_has_venv=False,
    service_manager="",
)


def lacking(facts, *, needs_python=True, needs_service=False, needed_bytes=100_000_000):
    """Name, value and remedy of everything that is not as it should be."""
    findings = check(
        facts, needs_python=needs_python, needs_service=needs_service, needed_bytes=needed_bytes
    )
    assert all(each.ok == (not each.remedy) for each in findings)
    return [(each.name, each.value, each.remedy) for each in findings if not each.ok]


def test_devices_that_lack_nothing():
    assert lacking(PI_4, needs_service=True) == []
    assert lacking(ANDROID, needs_python=False) == []
    assert lacking(replace(PI_4, machine="armv7l", userland_bits=32)) == []
    assert lacking(replace(PI_4, userland_bits=32)) == []
    assert lacking(replace(PI_4, glibc=(2, 17), python=(3, 13, 0), free_bytes=100_000_000)) == []


def test_everything_looked_at_is_told():
    findings = check(PI_4, needs_python=True, needs_service=True, needed_bytes=1)
    assert {each.name: each.value for each in findings} == {
        "system": "Linux 6.6.31+rpt-rpi-v8",
        "architecture": "aarch64",
        "CPU": "Raspberry Pi 4 Model B Rev 1.4, 4 cores",
        "native kernels": "neon",
        "CPU features": "asimd",
        "programs": "64-bit",
        "C library": "glibc 2.36",
        "Python": "3.11.2",
        "Python venv": "ready",
        "folder": "/home/pi/reid",
        "free space": "20000 MB, 1 MB needed",
        "tools": "complete",
        "service": "systemd",
        "memory": "4000 MB",
        "page size": "4096 bytes",
    }


@pytest.mark.parametrize(
    ("changes", "name", "value", "remedies"),
    [
        ({"system": "Darwin"}, "system", "Darwin 6.6.31+rpt-rpi-v8", ["Linux and Android"]),
        (
            {"machine": "riscv64"},
            "architecture",
            "riscv64",
            ["install the 64-bit Raspberry Pi OS", "aarch64, armv7l, x86_64"],
        ),
        (
            {"machine": "armv6l"},
            "architecture",
            "armv6l",
            ["older than ARMv7", "use a Raspberry Pi Zero 2 W"],
        ),
        ({"machine": "i686", "cpu_model": "Atom"}, "architecture", "i686", ["64-bit system"]),
        (
            {"userland_bits": 32, "machine": "x86_64"},
            "programs",
            "32-bit",
            ["install the 64-bit Raspberry Pi OS", "--program"],
        ),
        ({"c_library": "musl", "glibc": None}, "C library", "musl", ["--program", "glibc 2.17"]),
        ({"glibc": (2, 16), "c_library": "glibc 2.16"}, "C library", "glibc 2.16", ["2.17"]),
        (
            {"python": None},
            "Python",
            "missing",
            ["sudo apt install python3 python3-venv", "--program"],
        ),
        ({"python": (3, 9, 2)}, "Python", "3.9.2", ["Python 3.11", "--program"]),
        (
            {"python_has_venv": False},
            "Python venv",
            "missing",
            ["sudo apt install python3-venv"],
        ),
        (
            {"writable": False, "directory": "/opt/re id"},
            "folder",
            "/opt/re id is not writable",
            ["sudo install -d -o 1000 '/opt/re id'", "~/reid"],
        ),
        ({"executable": False}, "folder", "/home/pi/reid runs no programs", ["noexec", "~/reid"]),
        (
            {"free_bytes": 99_999_999},
            "free space",
            "99 MB, 100 MB needed",
            ["free 1 MB"],
        ),
        (
            {"missing_tools": ("flock", "mv -T")},
            "tools",
            "missing: flock, mv -T",
            ["sudo apt install coreutils util-linux"],
        ),
        ({"service_manager": ""}, "service", "no systemd", ["without --service"]),
        (
            {"directory": '/opt/the "best"'},
            "service",
            'cannot run from /opt/the "best"',
            ["quotes", "another folder"],
        ),
    ],
)
def test_what_a_raspberry_pi_may_lack(changes, name, value, remedies):
    ((found, told, remedy),) = lacking(replace(PI_4, **changes), needs_service=True)
    assert (found, told) == (name, value)
    for each in remedies:
        assert each in remedy


def test_root_needs_no_sudo():
    ((_, _, remedy),) = lacking(replace(PI_4, user_id=0, python_has_venv=False))
    assert remedy == "apt install python3-venv"
    ((_, _, remedy),) = lacking(replace(PI_4, user_id=0, writable=False))
    assert "sudo" not in remedy


@pytest.mark.parametrize(
    "changes", [{"open_to_others": False}, {"directory": "/tmp/reid"}, {"directory": "/var/tmp/a"}]
)
def test_the_user_of_a_system_service_must_see_the_folder(changes):
    root = replace(PI_4, user_id=0, **changes)
    ((name, value, remedy),) = lacking(root, needs_service=True)
    assert (name, value) == ("service", f"cannot see {root.directory}")
    assert "/opt/reid" in remedy
    assert lacking(root) == []
    assert lacking(replace(PI_4, **changes), needs_service=True) == []


def test_the_program_needs_neither_python_nor_a_c_library():
    bare = replace(PI_4, userland_bits=32, c_library="musl", glibc=None, python=None)
    assert lacking(bare, needs_python=False) == []


def test_android():
    ((name, _, remedy),) = lacking(replace(ANDROID, executable=False), needs_python=False)
    assert name == "folder"
    assert "/data/local/tmp/reid" in remedy
    ((_, _, remedy),) = lacking(replace(ANDROID, missing_tools=("flock",)), needs_python=False)
    assert "Android" in remedy


def test_what_rules_a_device_out_comes_first():
    names = [name for name, _, _ in lacking(replace(PI_4, machine="armv6l", python=None))]
    assert names == ["architecture", "Python"]


def test_the_first_finding_becomes_the_error():
    lame = replace(PI_4, python_has_venv=False, missing_tools=("flock",))
    findings = check(lame, needs_python=True, needs_service=False, needed_bytes=0)
    with pytest.raises(DeviceCheckError) as error:
        require("pi@raspberrypi", findings)
    assert str(error.value) == (
        "pi@raspberrypi: Python venv: missing; sudo apt install python3-venv"
    )
    require("pi@raspberrypi", [each for each in findings if each.ok])

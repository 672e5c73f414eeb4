"""A whole flash to a folder of this machine: what is copied, tested, switched and kept."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from adapted_bundle import adapted_copy, edit_numbers
from bireid_runtime import Bundle
from flashing import BUNDLE, Flasher, current, made, other_bundle
from zoo import DETECTOR_BUNDLE, POINTS_BUNDLE, TRACKER_BUNDLE

from bireid_deploy.devices import service
from bireid_deploy.devices.facts import DeviceFacts
from bireid_deploy.devices.link import Link
from bireid_deploy.devices.wheels import wheel_cache
from bireid_deploy.errors import DeviceCheckError

MACHINE = platform.machine()
NUMPY = "numpy==1.26.4"


@pytest.fixture(scope="session")
def dist(tmp_path_factory) -> Path:
    """The runtime's wheel, NumPy's and the program: all that a flash without a network needs."""
    folder = tmp_path_factory.mktemp("dist")
    shutil.copy(made(f"bireid_runtime-*_{MACHINE}.whl", "wheel"), folder)
    shutil.copy(made(f"bireid-embed-{MACHINE}", "bireid-embed"), folder)
    shutil.copy(numpy_wheel(wheel_cache()), folder)
    return folder


def numpy_wheel(cache: Path) -> Path:
    """NumPy's wheel for the Python that runs the tests, downloaded once."""
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    pattern = f"numpy-1.26.4-{python}-*_{MACHINE}.whl"
    if not list(cache.glob(pattern)):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        download = [*pip, "--only-binary=:all:", "--dest", cache, NUMPY]
        done = subprocess.run(download, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"pip cannot download {NUMPY}: {done.stderr.strip()}")
    return next(cache.glob(pattern))


@pytest.fixture
def flash(capsys, dist) -> Flasher:
    return Flasher(capsys, dist)


@pytest.fixture
def target(tmp_path) -> str:
    return f"file://{tmp_path}/reid"


@pytest.fixture
def directory(tmp_path) -> Path:
    return tmp_path / "reid"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_flash_leaves_one_tested_version(flash, target, directory):
    done = flash(BUNDLE, target, "--program")
    assert done.code == 0
    assert "self-test passed, bireid 0.1.0" in done.stdout
    assert "median ms" in done.stdout
    version = current(directory)
    assert names(directory) == {".bireid-deploy", "versions", "current"}
    assert names(version) == {"SHA256SUMS", "bundle", "bireid-embed", "ready"}
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=version, check=True)


@pytest.mark.parametrize(
    "bundle", [DETECTOR_BUNDLE, TRACKER_BUNDLE, POINTS_BUNDLE], ids=lambda path: path.name
)
def test_a_network_of_another_task_is_flashed_in_the_same_way(flash, target, directory, bundle):
    done = flash(bundle, target, "--program", "--json")
    assert done.code == 0, done.messages
    (test,), (bench,) = (json.loads(done.stdout)[each] for each in ("self_tests", "benches"))
    assert (test["runner"], bench["runner"], bench["runs"]) == ("bireid-embed", "bireid-embed", 3)
    there, here = Bundle.open(current(directory) / "bundle"), Bundle.open(bundle)
    assert (there.task, there.fingerprint) == (here.task, here.fingerprint)
    (tolerance,) = here.golden().tolerances.values()
    assert test["max_difference"] <= tolerance.max_abs
    assert 0 < bench["p10_ms"] <= bench["median_ms"]


def test_the_report_for_machines(flash, target, directory):
    report = json.loads(flash(BUNDLE, target, "--program", "--json").stdout)
    assert report["directory"] == str(directory)
    assert report["current"] == current(directory).name
    assert report["previous"] is None
    assert report["copied_bytes"] == sum(
        path.stat().st_size
        for path in [*(directory / "current/bundle").iterdir(), directory / "current/bireid-embed"]
    )
    (test,), (bench,) = report["self_tests"], report["benches"]
    assert (test["runner"], bench["runner"], bench["runs"]) == ("bireid-embed", "bireid-embed", 3)
    assert test["min_cosine"] > 0.999
    assert 0 < bench["p10_ms"] <= bench["median_ms"] <= bench["p90_ms"]


def test_the_same_flash_again_copies_nothing(flash, target, directory):
    first = json.loads(flash(BUNDLE, target, "--program", "--json").stdout)
    written = {path: path.stat().st_mtime_ns for path in directory.glob("versions/*/bundle/*")}
    again = json.loads(flash(BUNDLE, target, "--program", "--json").stdout)
    assert (again["current"], again["copied_bytes"]) == (first["current"], 0)
    assert written == {path: path.stat().st_mtime_ns for path in written}


def test_a_file_that_rotted_there_is_copied_again(flash, target, directory):
    flash(BUNDLE, target, "--program")
    model = directory / "current/bundle/model.lce.tflite"
    size = model.stat().st_size
    model.write_bytes(b"\0" * size)
    report = json.loads(flash(BUNDLE, target, "--program", "--json").stdout)
    assert report["copied_bytes"] == size
    current(directory)


def test_the_version_before_stays_and_older_ones_go(flash, target, directory, tmp_path):
    versions = []
    thesis = directory / "versions" / "thesis-0123456789ag"
    thesis.mkdir(parents=True)
    (directory / ".bireid-deploy").touch()
    for number in range(3):
        bundle = other_bundle(tmp_path / str(number), f"Number {number}.")
        report = json.loads(flash(bundle, target, "--program", "--json").stdout)
        versions.append(report["current"])
    assert report["previous"] == versions[1]
    assert names(directory / "versions") == {*versions[1:], thesis.name}


def test_rollback_swaps_the_last_two_versions(flash, target, directory, tmp_path):
    flash(BUNDLE, target, "--program")
    before = current(directory)
    flash(other_bundle(tmp_path), target, "--program")
    after = current(directory)
    report = json.loads(flash("--rollback", target, "--json").stdout)
    assert (report["current"], report["previous"]) == (before.name, after.name)
    assert current(directory) == before
    assert flash("--rollback", target).code == 0
    assert current(directory) == after


def test_rollback_without_a_previous_version(flash, target, directory):
    assert "no previous version" in flash.refusal(3, "--rollback", target)
    assert not directory.exists()
    flash(BUNDLE, target, "--program")
    assert "no previous version" in flash.refusal(3, "--rollback", target)
    current(directory)


def test_rollback_to_a_version_that_fails_its_self_test(flash, target, directory, tmp_path):
    flash(BUNDLE, target, "--program")
    model = current(directory) / "bundle/model.lce.tflite"
    flash(other_bundle(tmp_path), target, "--program")
    after = current(directory)
    model.write_bytes(b"\0" * model.stat().st_size)
    assert "SHA-256 mismatch" in flash.refusal(3, "--rollback", target)
    assert current(directory) == after


def test_a_program_that_computes_something_else_never_becomes_current(
    flash, target, directory, tmp_path, capsys, dist
):
    flash(BUNDLE, target, "--program")
    before = current(directory)
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    program = wrong / f"bireid-embed-{MACHINE}"
    program.write_text("#!/bin/sh\necho 'bireid-embed: crop 2 differs by 0.5' >&2; exit 3\n")
    refusal = Flasher(capsys, wrong).refusal(3, BUNDLE, target, "--program")
    assert "self-test of bireid-embed failed" in refusal
    assert "crop 2 differs by 0.5" in refusal
    program.write_text("#!/bin/sh\nkill -ILL $$\n")
    assert "does not run" in Flasher(capsys, wrong).refusal(3, BUNDLE, target, "--program")
    program.write_text('#!/bin/sh\necho \'{"engine": "\\u001b[2J", "max_difference": 0}\'\n')
    assert "no answer" in Flasher(capsys, wrong).refusal(3, BUNDLE, target, "--program")
    assert current(directory) == before
    assert flash(BUNDLE, target, "--program").code == 0


def test_a_folder_with_other_things_is_left_alone(flash, target, directory):
    (directory / "versions").mkdir(parents=True)
    (directory / "versions" / "thesis").write_text("years of work")
    assert f"{directory}/reid" in flash.refusal(3, BUNDLE, target, "--program")
    (directory / ".lock").touch()
    assert f"{directory}/reid" in flash.refusal(3, BUNDLE, target, "--program")
    assert names(directory) == {"versions", ".lock"}


def test_a_program_that_was_not_made(capsys, target, tmp_path):
    refusal = Flasher(capsys, tmp_path).refusal(2, BUNDLE, target, "--program")
    assert "make bireid-embed" in refusal


@pytest.mark.parametrize("arguments", [(), ("only-one",), ("--rollback", "bundle", "file:///x")])
def test_a_wrong_number_of_arguments(flash, arguments):
    assert flash(*arguments).code == 2


def test_a_bundle_that_is_damaged_here_never_leaves(flash, target, directory, tmp_path):
    bundle = other_bundle(tmp_path)
    (bundle / "model.onnx").write_bytes(b"\0" * (bundle / "model.onnx").stat().st_size)
    assert "model.onnx" in flash.refusal(3, bundle, target, "--program")
    assert not directory.exists()


@pytest.fixture
def started(monkeypatch) -> list[Path]:
    """Stands in for a systemd service there: the versions it was started with."""
    versions: list[Path] = []

    def restart(link: Link, facts: DeviceFacts) -> None:
        versions.append(current(Path(facts.directory)))
        if "Broken." in (versions[-1] / "bundle/manifest.json").read_text():
            raise DeviceCheckError("the service does not run")

    monkeypatch.setattr(service, "is_installed", lambda link, facts: True)
    monkeypatch.setattr(service, "restart", restart)
    return versions


def test_a_service_is_started_again_with_the_new_version(
    flash, target, directory, tmp_path, started
):
    flash(BUNDLE, target, "--program")
    before = current(directory)
    report = json.loads(flash(other_bundle(tmp_path), target, "--program", "--json").stdout)
    assert report["service"]
    assert started == [before, current(directory)]
    assert flash("--rollback", target).code == 0
    assert started[2:] == [before]


def test_a_service_that_fails_gets_the_old_version_back(
    flash, target, directory, tmp_path, started
):
    flash(BUNDLE, target, "--program")
    before = current(directory)
    refusal = flash.refusal(3, other_bundle(tmp_path, "Broken."), target, "--program")
    assert "the version before is current and served again" in refusal
    assert current(directory) == before == started[-1]


@pytest.mark.slow
def test_python_without_a_network(flash, target, directory, tmp_path, monkeypatch):
    """And where pip installs everything elsewhere by default."""
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[global]\ntarget = {tmp_path}/a\n[install]\nprefix = {tmp_path}/b\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_USER", "1")
    done = flash(BUNDLE, target, "--offline")
    assert done.code == 0
    assert "bireid_runtime: self-test passed, bireid 0.1.0" in done.stdout
    version = directory / os.readlink(directory / "current")
    assert len(names(version / "wheels")) == 2

    # What is installed stays, unless it no longer runs.
    marker = version / "venv/marker"
    marker.touch()
    assert flash(BUNDLE, target, "--offline").code == 0
    assert marker.exists()
    (runtime,) = version.glob("venv/lib/python*/site-packages/bireid_runtime")
    shutil.rmtree(runtime)
    assert flash(BUNDLE, target, "--offline").code == 0
    assert not marker.exists()


@pytest.mark.slow
def test_python_cannot_be_installed(flash, target, directory, tmp_path, monkeypatch):
    flash(BUNDLE, target, "--program")
    before = current(directory)
    # The environment counts more than the file, as for pip itself.
    (tmp_path / "pip.conf").write_text("[install]\nno-index = false\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    refusal = flash.refusal(3, BUNDLE, target)
    assert "cannot be installed" in refusal
    assert "--offline" in refusal
    assert current(directory) == before


def test_a_bundle_that_is_adapted_to_cameras(flash, target, directory, tmp_path):
    bundle = adapted_copy(BUNDLE, tmp_path / "adapted")
    done = flash(bundle, target, "--program", "--json")
    assert done.code == 0, done.messages
    (self_test,) = json.loads(done.stdout)["self_tests"]
    assert self_test["max_difference"] < 1e-5
    assert (current(directory) / "bundle" / "adaptation.safetensors").is_file()
    edit_numbers(bundle, lambda arrays: arrays["mean/1"].__iadd__(0.1))
    assert "self-test of bireid-embed failed" in flash.refusal(3, bundle, target, "--program")

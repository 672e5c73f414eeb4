"""What is chosen to go on a device, out of folders with many files."""

import hashlib
import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from bireid_runtime import Bundle, Session, self_test
from bireid_runtime.bundle_files import file_sha256
from bireid_runtime.self_test import require
from flashing import BUNDLE
from zoo import DETECTOR_BUNDLE, TRACKER_BUNDLE

from bireid_deploy.devices.lean_bundle import lean_files
from bireid_deploy.devices.payload import (
    Payload,
    PayloadFile,
    PythonPlatform,
    bundle_files,
    program_file,
    wheel_files,
)
from bireid_deploy.devices.wheels import wheel_cache
from bireid_deploy.errors import PayloadError

PI = PythonPlatform(machine="aarch64", python=(3, 11, 2), glibc=(2, 36))
RUNTIME = "bireid_runtime-0.1.0-py3-none-manylinux_2_17_aarch64.whl"
NUMPY = "numpy-2.1.0-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl"
METADATA = """Metadata-Version: 2.1
Name: {project}
Version: {version}
Requires-Dist: numpy>=1.26
Requires-Dist: pillow>=10; extra == "images"
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache of wheels, and no package index."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return wheel_cache()


@pytest.fixture
def dist(tmp_path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    return folder


def make_wheels(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        project, version, _ = name.split("-", 2)
        metadata = METADATA.format(project=project, version=version)
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr(f"{project}-{version}.dist-info/METADATA", metadata)
            archive.writestr(f"{project}-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\n")


def chosen(dist: Path, device: PythonPlatform = PI, offline: bool = False) -> list[str]:
    """Names of the wheels, none of which may be downloaded."""
    return [file.source.name for file in wheel_files(dist, device, offline, pytest.fail)]


def test_a_device_gets_the_model_that_it_runs_in_a_whole_bundle(tmp_path):
    bundle, folder, there = Bundle.open(BUNDLE), tmp_path / "written", tmp_path / "there"
    folder.mkdir()
    files = lean_files(bundle, folder)
    for file in files:
        target = there / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.source.read_bytes())
        assert (file.size, file.sha256) == (target.stat().st_size, file_sha256(target))
    names = {"manifest.json", "SHA256SUMS", "golden.safetensors", "model.lce.tflite"}
    assert {path.name for path in (there / "bundle").iterdir()} == names
    lean = Bundle.open(there / "bundle")
    assert lean.fingerprint == bundle.fingerprint
    assert lean.manifest.keys() == bundle.manifest.keys()
    require(self_test(Session.open(lean, "native")))
    # Nothing is left to leave out, and the same files are the same version.
    assert {file.path for file in lean_files(lean, folder)} == {f"bundle/{name}" for name in names}
    again = Payload("x", tuple(lean_files(bundle, folder)))
    assert again.version == Payload("x", tuple(files)).version


@pytest.mark.parametrize("path", [DETECTOR_BUNDLE, TRACKER_BUNDLE], ids=lambda path: path.name)
def test_what_golden_maps_decode_to_goes_along(path, tmp_path):
    names = {file.path for file in lean_files(Bundle.open(path), tmp_path)}
    assert "bundle/golden_decoded.safetensors" in names
    assert "bundle/model.onnx" not in names
    sums = (tmp_path / "SHA256SUMS").read_text()
    assert "  golden_decoded.safetensors\n" in sums


def test_a_bundle_without_the_engines_format_goes_whole(tmp_path):
    whole = Path(shutil.copytree(BUNDLE, tmp_path / "bundle"))
    manifest = json.loads((whole / "manifest.json").read_text())
    manifest["files"]["model.lce.tflite"]["format"] = "other"
    (whole / "manifest.json").write_text(json.dumps(manifest))
    files = lean_files(Bundle.open(whole, verify=False), tmp_path)
    assert {file.path for file in files} == {f"bundle/{path.name}" for path in whole.iterdir()}


def test_a_bundle_goes_with_every_file_its_checksums_name():
    files = bundle_files(Bundle.open(BUNDLE))
    assert {file.path for file in files} == {f"bundle/{p.name}" for p in BUNDLE.iterdir()}
    for file in files:
        content = file.source.read_bytes()
        assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_the_version_changes_with_any_file(tmp_path):
    (tmp_path / "one").write_text("1")
    file = PayloadFile.of(tmp_path / "one", "bundle/one")
    (tmp_path / "one").write_text("2")
    changed = PayloadFile.of(tmp_path / "one", "bundle/one")
    moved = PayloadFile.of(tmp_path / "one", "bundle/two")
    versions = {Payload("net", (each,)).version for each in (file, changed, moved)}
    assert len(versions) == 3
    assert all(len(version) == len("net-") + 12 for version in versions)


@pytest.mark.parametrize("name", ["../../etc", "-rf", "a b\n", "..", "/", "$(reboot)"])
def test_a_name_from_a_manifest_stays_one_plain_folder_name(name):
    version = Payload(name, ()).version
    assert set(version) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    assert version[0] not in ".-"


def test_the_newest_runtime_that_fits_is_taken(dist):
    newer = RUNTIME.replace("0.1.0", "0.10.0")
    make_wheels(dist, RUNTIME, newer, RUNTIME.replace("0.1.0", "0.9.0"))
    make_wheels(dist, RUNTIME.replace("0.1.0", "0.11.0").replace("aarch64", "x86_64"))
    make_wheels(dist, RUNTIME.replace("0.1.0", "0.12.0").replace("2_17", "2_39"))
    make_wheels(dist, RUNTIME.replace("0.1.0", "0.13.0").replace("manylinux_2_17", "linux"))
    assert chosen(dist) == [newer]


@pytest.mark.parametrize(
    ("machine", "target"),
    [
        ("aarch64", "make wheel-aarch64"),
        ("armv7l", "make wheel-armv7`"),
        ("x86_64", "make wheel`"),
    ],
)
def test_without_a_wheel_the_target_of_make_is_named(dist, machine, target):
    device = PythonPlatform(machine, (3, 11, 2), (2, 36))
    with pytest.raises(PayloadError, match=target):
        chosen(dist, device)


def test_a_program_is_that_of_the_machine(dist):
    (dist / "bireid-embed-aarch64").write_bytes(b"ELF")
    assert program_file(dist, "aarch64").path == "bireid-embed"
    with pytest.raises(PayloadError, match="make bireid-embed`"):
        program_file(dist, "x86_64")


def test_32_bit_arm_gets_its_own_wheels(dist):
    """NumPy for it is on Raspberry Pi's index alone, whose tags name no C library."""
    numpy = "numpy-2.1.0-cp311-cp311-linux_armv7l.whl"
    runtime = RUNTIME.replace("aarch64", "armv7l")
    make_wheels(dist, RUNTIME, NUMPY, runtime, numpy)
    pi = PythonPlatform("armv7l", (3, 11, 2), (2, 36))
    assert chosen(dist, pi, offline=True) == [runtime, numpy]


def test_online_the_dependencies_stay_at_home(dist):
    make_wheels(dist, RUNTIME, NUMPY)
    assert chosen(dist) == [RUNTIME]


def test_offline_numpy_for_that_python_and_c_library_goes_along(dist):
    make_wheels(dist, RUNTIME, NUMPY)
    make_wheels(dist, NUMPY.replace("cp311", "cp313").replace("2.1.0", "2.2.0"))
    make_wheels(dist, NUMPY.replace("2_17", "2_39").replace("manylinux2014", "manylinux_2_39"))
    make_wheels(dist, NUMPY.replace("2.1.0", "1.25.0"))
    assert chosen(dist, offline=True) == [RUNTIME, NUMPY]


def test_what_was_downloaded_before_is_taken_from_the_cache(dist, cache):
    make_wheels(dist, RUNTIME)
    make_wheels(cache, NUMPY)
    assert chosen(dist, offline=True) == [RUNTIME, NUMPY]


def test_a_download_that_fails_names_the_package_and_the_remedy(dist, cache):
    make_wheels(dist, RUNTIME)
    heard: list[str] = []
    with pytest.raises(PayloadError, match=r"numpy>=1\.26 for Python 3\.11 .*--dist"):
        wheel_files(dist, PI, True, heard.append)
    assert heard == ["downloading numpy>=1.26 for Python 3.11 on aarch64"]
    assert list(cache.iterdir()) == []


def test_pip_brings_the_wheel_of_the_device(dist, cache, tmp_path, monkeypatch):
    make_wheels(dist, RUNTIME)
    make_wheels(tmp_path / "index", NUMPY, NUMPY.replace("aarch64", "x86_64"))
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    files = wheel_files(dist, PI, True, lambda text: None)
    assert [file.path for file in files] == [f"wheels/{RUNTIME}", f"wheels/{NUMPY}"]
    assert files[1].source == cache / NUMPY


def test_a_broken_wheel_is_named(dist):
    (dist / RUNTIME).write_bytes(b"not a zip")
    with pytest.raises(PayloadError, match="not a wheel"):
        chosen(dist, offline=True)
    (dist / "bireid_runtime-new.whl").write_bytes(b"")
    with pytest.raises(PayloadError, match=r"bireid_runtime-new\.whl"):
        chosen(dist)

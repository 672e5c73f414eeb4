"""The wheels in dist/: what their names promise must hold on a machine that only has glibc."""

import ctypes
import platform
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from skips import skip_unavoidably

ROOT = Path(__file__).parents[2]
WHEELS = sorted((ROOT / "dist").glob("bireid_runtime-*.whl"))
ENGINE = ROOT / "runtime" / "native" / "engine"
FOLDER = "bireid_runtime/_native"
# Each library and its function that says the version.
LIBRARIES = {
    "libbireid.so": "bireid_version",
    "libbireid_delegate.so": "bireid_delegate_version",
}
ARCHITECTURES = {"Advanced Micro Devices X86-64": "x86_64", "AArch64": "aarch64", "ARM": "armv7l"}
C_LIBRARY = re.compile(r"lib(c|m|pthread)\.so\.\d|ld-linux-.*")

pytestmark = pytest.mark.skipif(
    shutil.which("readelf") is None, reason="readelf is missing (apt-get install binutils)"
)


@pytest.fixture(
    params=[pytest.param(wheel, id=wheel.stem) for wheel in WHEELS]
    or [pytest.param(None, marks=pytest.mark.skip(reason="no wheel in dist: `make wheel`"))]
)
def wheel(request):
    return request.param


@pytest.fixture(params=LIBRARIES)
def library(request, wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(f"{FOLDER}/{request.param}", tmp_path))


def readelf(library, *options):
    command = ["readelf", "--wide", *options, str(library)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def symbols(library):
    """Rows (bind, section, name) of the dynamic symbol table."""
    for line in readelf(library, "--dyn-syms").splitlines():
        match = re.fullmatch(r"\s*\d+:(?:\s+\S+){3}\s+(\S+)\s+\S+\s+(\S+)\s+([^\s@]+).*", line)
        if match:
            yield match.groups()


def test_the_wheel_is_small_and_holds_the_package_alone(wheel):
    assert wheel.stat().st_size < 1_150_000
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    package = {name for name in names if "dist-info" not in name}
    assert package >= {"bireid_runtime/__init__.py", "bireid_runtime/py.typed"}
    assert {name for name in package if name.startswith(FOLDER)} == {
        f"{FOLDER}/{library}" for library in LIBRARIES
    }
    assert {name.split("/")[0] for name in package} == {"bireid_runtime"}
    assert {Path(name).suffix for name in package} == {".py", ".so", ".typed"}


def test_the_wheel_brings_the_licences_of_what_it_holds(wheel):
    with zipfile.ZipFile(wheel) as archive:
        licences = [archive.read(name) for name in archive.namelist() if "/licenses/" in name]
    for holder in (b"YaoYuan", b"Apache License"):
        assert any(holder in text for text in licences)


def test_the_tag_is_for_every_python_and_for_the_architecture_of_the_library(wheel, library):
    python, abi, platform_tag = wheel.stem.split("-")[-3:]
    machine = re.search(r"Machine:\s+(.+)", readelf(library, "--file-header")).group(1)
    assert (python, abi) == ("py3", "none")
    assert platform_tag == f"manylinux_2_17_{ARCHITECTURES[machine]}"


def test_no_symbol_is_newer_than_the_glibc_of_the_tag(wheel, library):
    claimed = tuple(map(int, re.search(r"manylinux_(\d+)_(\d+)_", wheel.name).groups()))
    needs = re.findall(r"(\w+)@(\w+)_(\d[\d.]*)", readelf(library, "--dyn-syms"))
    assert {family for _, family, _ in needs} == {"GLIBC"}
    too_new = [need for need in needs if tuple(map(int, need[2].split("."))) > claimed]
    assert too_new == []  # native/cmake/old_glibc.cc is where such symbols are dealt with


def test_the_library_needs_the_c_library_alone(library):
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", readelf(library, "--dynamic"))
    # Threads are in libpthread before glibc 2.34, and a C program may not have loaded it.
    assert {"libc.so.6", "libpthread.so.0"} <= set(needed)
    assert [name for name in needed if not C_LIBRARY.fullmatch(name)] == []


def test_the_library_stays_mapped_for_its_threads(library):
    assert "NODELETE" in readelf(library, "--dynamic")


def test_the_library_exports_its_c_abi_alone(library):
    exported = {
        name
        for bind, section, name in symbols(library)
        if section not in ("UND", "ABS") and bind != "LOCAL"
    }
    if library.name == "libbireid.so":
        headers = "".join(path.read_text() for path in sorted(ENGINE.glob("bireid*.h")))
        assert exported == set(re.findall(r"^BIREID_API .*?(\w+)\(", headers, re.M))
        return
    assert exported == {
        *("tflite_plugin_create_delegate", "tflite_plugin_destroy_delegate"),
        *("bireid_delegate_version", "bireid_delegate_isa"),
    }


def test_the_functions_of_the_engine_have_a_version(library):
    if library.name == "libbireid.so":
        names = re.findall(r"(\w+)@@(\S+)", readelf(library, "--dyn-syms"))
        assert {version for name, version in names if name.startswith("bireid_")} == {"BIREID_0.1"}


# A wheel holds no links: whoever links with the library there must find it by its file's name.
def test_the_library_goes_by_the_name_of_its_file(library):
    soname = re.findall(r"\(SONAME\).*\[(.+)\]", readelf(library, "--dynamic"))
    assert soname in ([], [library.name])


def test_the_library_loads_and_has_the_version_of_the_wheel(wheel, library):
    if not wheel.stem.endswith(platform.machine()):
        skip_unavoidably(f"{wheel.name} is for another architecture")
    version = getattr(ctypes.CDLL(str(library)), LIBRARIES[library.name])
    version.restype = ctypes.c_char_p
    assert version().decode() == wheel.stem.split("-")[1]

"""Shared libraries must load where memory pages are of 16 KB: new phones, the Raspberry Pi 5."""

import os
import re
import shlex
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ANDROID_CMAKE = ROOT / "runtime" / "android" / "bireid" / "src" / "main" / "cpp" / "CMakeLists.txt"
WHEELS = sorted((ROOT / "dist").glob("bireid_runtime-*_aarch64.whl"))
COMPILERS = [shlex.split(os.environ.get("CXX", "c++")), ["aarch64-linux-gnu-g++"]]
PAGE_BYTES = 16384
LOAD = 1


def load_alignments(elf):
    """p_align of every LOAD segment of a 64-bit little-endian ELF file."""
    assert elf[:6] == b"\x7fELF\x02\x01"
    (table,) = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    headers = (struct.unpack_from("<IIQQQQQQ", elf, table + i * size) for i in range(count))
    return [header[7] for header in headers if header[0] == LOAD]


@pytest.mark.parametrize(
    "wheel",
    [pytest.param(wheel, id=wheel.stem) for wheel in WHEELS]
    or [pytest.param(None, marks=pytest.mark.skip(reason="none in dist: `make wheel-aarch64`"))],
)
def test_the_arm_wheel_loads_with_pages_of_16_kb(wheel):
    with zipfile.ZipFile(wheel) as archive:
        libraries = {name: archive.read(name) for name in archive.namelist() if ".so" in name}
    assert libraries
    for name, elf in libraries.items():
        alignments = load_alignments(elf)
        assert alignments, name
        assert min(alignments) >= PAGE_BYTES, name


@pytest.mark.parametrize("compiler", COMPILERS, ids=lambda command: command[0])
def test_the_link_options_of_the_android_build_align_to_16_kb(compiler, tmp_path):
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"no compiler {compiler[0]}")
    source, library = tmp_path / "library.cc", tmp_path / "library.so"
    source.write_text("int value = 1;\nint Value() { return value; }\n")
    options = re.findall(r"^add_link_options\(LINKER:(.+)\)$", ANDROID_CMAKE.read_text(), re.M)
    assert options
    subprocess.run(
        [*compiler, "-shared", "-fPIC", source, "-o", library]
        + [f"-Wl,{option}" for option in options],
        check=True,
    )
    alignments = load_alignments(library.read_bytes())
    assert alignments
    assert min(alignments) >= PAGE_BYTES

"""A folder in which Python with LiteRT runs on an emulated 64-bit ARM CPU.

    python tests/aarch64/emulated_root.py FOLDER

`FOLDER/debian` holds Debian for arm64 with the /proc/cpuinfo of a Raspberry Pi 4: without that
libraries read the real CPU's and crash. Its packages are unpacked but never configured, which
would take minutes of emulation; what a chroot needs beside is written here. `FOLDER/site` holds
LiteRT and NumPy for aarch64, `FOLDER/wheels` the wheels they came in. About 550 MB.
"""

import re
import sys
import zipfile
from pathlib import Path

from debian_root import (
    SUITE,
    cache_folder,
    locked,
    replaced,
    require,
    run,
    unpack,
    versions_of,
    write_proc,
)

TOOLS = ("debootstrap", "dpkg-deb", "qemu-aarch64-static", "tar")
CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"
ARCHITECTURE = "arm64"
PYTHON_VERSION = "3.11"  # Debian's in that suite
# The phone of the tests has Android's shell (mksh) and Android's commands (toybox).
DEBIAN_PACKAGES = ("python3", "python3-venv", "libgomp1", "libstdc++6", "mksh", "toybox")
WHEELS = ("ai-edge-litert", "numpy")
PLATFORMS = tuple(f"manylinux_2_{minor}_aarch64" for minor in (17, 27, 28))
PROC_FILES = {
    "cpuinfo": """\
processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

""",
    "meminfo": "MemTotal:        3884292 kB\nMemFree:         3051420 kB\n",
    "mounts": "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n",
    "self/mountinfo": "22 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw\n",
}


def default_folder() -> Path:
    """Where the tests keep it, for these versions."""
    return cache_folder("aarch64", _versions())


def build(folder: Path) -> None:
    """Make the folder, unless it is there and of the same versions.

    Raises:
        RootError: A tool is missing, a download failed, or the folder holds something else.
    """
    with locked(folder):
        if versions_of(folder) == _versions():
            return
        require(*TOOLS)
        with replaced(folder, _versions()) as unfinished:
            debian = unfinished / "debian"
            unpack(debian, DEBIAN_PACKAGES, ARCHITECTURE)
            write_proc(debian, PROC_FILES)
            _unpack_wheels(unfinished / "wheels", unfinished / "site")


def python_command(folder: Path, emulator: str, cpu: str, *options: str) -> list[str]:
    """Return the command that runs the folder's Python as `cpu`; set PYTHONPATH to `site`."""
    debian = folder / "debian"
    python = debian / "usr" / "bin" / f"python{PYTHON_VERSION}"
    return [emulator, "-cpu", cpu, "-L", str(debian), *options, str(python)]


def _pinned_wheels() -> list[str]:
    lines = CONSTRAINTS.read_text().splitlines()
    return [line for line in lines if re.split("[=<>~]", line)[0] in WHEELS]


def _versions() -> str:
    return "\n".join((SUITE, *DEBIAN_PACKAGES, *PROC_FILES.values(), *_pinned_wheels()))


def _unpack_wheels(wheels: Path, site: Path) -> None:
    platforms = [f"--platform={platform}" for platform in PLATFORMS]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    run(
        *pip,
        "--only-binary=:all:",
        f"--python-version={PYTHON_VERSION}",
        *platforms,
        f"--constraint={CONSTRAINTS}",
        f"--dest={wheels}",
        *WHEELS,
    )
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)


if __name__ == "__main__":
    build(Path(sys.argv[1]))

"""A folder in which Python with LiteRT runs on an emulated 64-bit ARM CPU.

    python tests/aarch64/emulated_root.py FOLDER

It holds Debian's packages for arm64, unpacked but never configured (`FOLDER/debian`), the aarch64
wheels of LiteRT and NumPy (`FOLDER/site`), and the /proc/cpuinfo of a Raspberry Pi 4: without it
libraries read that of the real CPU and crash. About 500 MB.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

TOOLS = ("debootstrap", "dpkg", "qemu-aarch64-static")
CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"
SUITE = "bookworm"
PYTHON_VERSION = "3.11"  # Debian's in that suite
DEBIAN_PACKAGES = ("python3", "libgomp1", "libstdc++6")
WHEELS = ("ai-edge-litert", "numpy")
PLATFORMS = tuple(f"manylinux_2_{minor}_aarch64" for minor in (17, 27, 28))
CPUINFO = """\
processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

"""


class EmulationError(Exception):
    """The folder cannot be made here; the message says why."""


def build(folder: Path) -> None:
    """Make the folder, unless it is there and of the same versions.

    Raises:
        EmulationError: A tool is missing, a download failed, or the folder holds something else.
    """
    versions = "\n".join((SUITE, *DEBIAN_PACKAGES, *_pinned_wheels())) + "\n"
    stamp = folder / "versions"
    if stamp.is_file() and stamp.read_text() == versions:
        return
    if folder.exists() and not stamp.is_file():
        raise EmulationError(f"{folder} exists and was not made by {Path(__file__).name}")
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise EmulationError(f"not installed: {', '.join(missing)}")
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    for old in (unfinished, folder):
        shutil.rmtree(old, ignore_errors=True)
    unfinished.mkdir(parents=True)
    _unpack_debian(unfinished / "debian")
    _unpack_wheels(unfinished / "wheels", unfinished / "site")
    (unfinished / "versions").write_text(versions)
    os.replace(unfinished, folder)


def python_command(folder: Path, emulator: str, cpu: str, *options: str) -> list[str]:
    """Return the command that runs the folder's Python as `cpu`; set PYTHONPATH to `site`."""
    debian = folder / "debian"
    python = debian / "usr" / "bin" / f"python{PYTHON_VERSION}"
    return [emulator, "-cpu", cpu, "-L", str(debian), *options, str(python)]


def _pinned_wheels() -> list[str]:
    lines = CONSTRAINTS.read_text().splitlines()
    return [line for line in lines if re.split("[=<>~]", line)[0] in WHEELS]


def _unpack_debian(debian: Path) -> None:
    # --foreign stops before the packages are configured, which would need to run them.
    _run(
        "debootstrap",
        "--arch=arm64",
        "--foreign",
        "--variant=minbase",
        f"--include={','.join(DEBIAN_PACKAGES)}",
        SUITE,
        str(debian),
    )
    archives = debian / "var" / "cache" / "apt" / "archives"
    for package in sorted(archives.glob("*.deb")):
        _run("dpkg", "-x", str(package), str(debian))
    shutil.rmtree(archives)
    (debian / "proc").mkdir(exist_ok=True)
    (debian / "proc" / "cpuinfo").write_text(CPUINFO)


def _unpack_wheels(wheels: Path, site: Path) -> None:
    platforms = [f"--platform={platform}" for platform in PLATFORMS]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    _run(
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
    shutil.rmtree(wheels)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        output = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["no output"]
        raise EmulationError(f"{' '.join(command[:4])} ... failed: {output[-1]}")


if __name__ == "__main__":
    build(Path(sys.argv[1]))

"""A folder with Debian for 32-bit ARM, and the /proc of a Raspberry Pi 2. About 180 MB."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "aarch64"))

from debian_root import (
    SUITE,
    cache_folder,
    locked,
    replaced,
    require,
    unpack,
    versions_of,
    write_proc,
)

CPU = "cortex-a7"
TOOLS = ("debootstrap", "dpkg-deb", "qemu-arm-static", "tar")
PROC_FILES = {
    "cpuinfo": """\
processor\t: 0
model name\t: ARMv7 Processor rev 5 (v7l)
BogoMIPS\t: 38.40
Features\t: half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm
CPU implementer\t: 0x41
CPU architecture: 7
CPU variant\t: 0x0
CPU part\t: 0xc07
CPU revision\t: 5

""",
    "meminfo": "MemTotal:         944108 kB\nMemFree:          612340 kB\n",
    "mounts": "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n",
    "self/mountinfo": "22 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw\n",
}


def default_folder() -> Path:
    """Where the tests keep it, for these versions."""
    return cache_folder("armv7", _versions())


def build(folder: Path) -> Path:
    """Make the folder, unless it is there and of the same versions; returns the system's root.

    Raises:
        RootError: A tool is missing, a download failed, or the folder holds something else.
    """
    debian = folder / "debian"
    with locked(folder):
        if versions_of(folder) == _versions():
            return debian
        require(*TOOLS)
        with replaced(folder, _versions()) as unfinished:
            unpack(unfinished / "debian", (), "armhf")
            write_proc(unfinished / "debian", PROC_FILES)
    return debian


def _versions() -> str:
    return "\n".join((SUITE, *PROC_FILES.values()))

"""Whether the kernel starts programs for ARM by itself, through the emulator."""

import os
import shutil
import subprocess
from pathlib import Path

FORMATS = Path("/proc/sys/fs/binfmt_misc")


def enable(name: str) -> bool:
    """Let the kernel start them if we may, and say whether it does.

    `name` is that of the emulator: `"qemu-aarch64"` or `"qemu-arm"`.

    The registration has to carry the flag F: the emulator is opened once and for all, and so is
    found from inside a chroot too.
    """
    if os.geteuid() != 0 or shutil.which("update-binfmts") is None:
        return False
    if not (FORMATS / "status").is_file():
        _call("mount", "-t", "binfmt_misc", "binfmt_misc", str(FORMATS))
    if not _registered(name):
        _call("update-binfmts", "--enable", name)
    return _registered(name)


def _registered(name: str) -> bool:
    entry = FORMATS / name
    if not entry.is_file():
        return False
    lines = entry.read_text().splitlines()
    flags = [line.partition(":")[2] for line in lines if line.startswith("flags:")]
    return "enabled" in lines and any("F" in value for value in flags)


def _call(*command: str) -> None:
    # Refused in a container without the right to; `enable` looks at what came of it.
    subprocess.run(command, capture_output=True, check=False)

"""The machine that a benchmark ran on."""

import platform
from pathlib import Path


def machine_name() -> str:
    """Return the architecture and, where the kernel tells it, the name of the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"{platform.machine()}, {line.split(':', 1)[1].strip()}"
    return platform.machine()

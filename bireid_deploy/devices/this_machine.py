"""What numbers are stated with: the machine they are of, when, and by which version."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bireid_deploy import __version__

_CPUINFO = Path("/proc/cpuinfo")
# x86 says the first, boards the second, old kernels on ARM the last.
_NAMES = ("model name", "Model", "Hardware")


def cpu_features() -> set[str]:
    """Feature names of the first core; empty where /proc is not Linux's."""
    facts = _first_core()
    return set(facts.get("flags", facts.get("Features", "")).split())


def cpu_name() -> str:
    """The CPU or board as a person would name it, else its architecture."""
    facts = _first_core()
    return next((facts[name] for name in _NAMES if facts.get(name)), platform.machine())


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


def circumstances() -> dict[str, Any]:
    """What a record for machines opens with, JSON types.

    Returns:
        `machine` (CPU, cores, architecture, system, Python), `date` (ISO 8601, UTC, to the second)
        and `version` of this package.
    """
    return {
        "machine": {
            "cpu": cpu_name(),
            "cores": cores(),
            "architecture": platform.machine(),
            "system": f"{platform.system()} {platform.release()}",
            "python": platform.python_version(),
        },
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
    }


def _first_core() -> dict[str, str]:
    """Keys and values of /proc/cpuinfo, the first of each; what is said of a board comes last."""
    if not _CPUINFO.exists():
        return {}
    facts: dict[str, str] = {}
    for line in _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition(":")
        facts.setdefault(key.strip(), " ".join(value.split()))
    return facts

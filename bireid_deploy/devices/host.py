"""What the machine we run on can do."""

import os
import platform
import struct
import sys
from importlib import metadata
from pathlib import Path

from bireid_runtime import native_library
from bireid_runtime.backends import BACKENDS
from bireid_runtime.errors import BackendUnavailableError

from bireid_deploy import extras
from bireid_deploy.devices.facts import KERNEL_FEATURES
from bireid_deploy.devices.finding import Finding


def examine_host() -> list[Finding]:
    """Look at Python, the CPU, the packages, the native library and the back ends."""
    return [*_python(), *_machine(), *_packages(), *_native_library(), *_backends()]


def _python() -> list[Finding]:
    version = platform.python_version()
    supported = (3, 11) <= sys.version_info[:2] <= (3, 12)
    bits = struct.calcsize("P") * 8
    return [
        Finding("Python", version, supported, "" if supported else "install Python 3.11 or 3.12"),
        Finding(
            "Python build",
            f"{bits}-bit",
            bits == 64,
            "" if bits == 64 else "install a 64-bit system: the converters have no 32-bit builds",
        ),
    ]


def _machine() -> list[Finding]:
    flags = _cpu_flags()
    features = [feature for feature in KERNEL_FEATURES if feature in flags]
    libc = " ".join(platform.libc_ver()).strip() or "unknown"
    return [
        Finding("system", f"{platform.system()} {platform.release()}"),
        Finding("architecture", platform.machine()),
        Finding("C library", libc),
        Finding("page size", f"{os.sysconf('SC_PAGE_SIZE')} bytes"),
        Finding("cores", str(len(os.sched_getaffinity(0)))),
        Finding("CPU features", " ".join(features) or "none that matter here"),
    ]


def _cpu_flags() -> set[str]:
    """Feature names of the first core; empty where /proc is not Linux's."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return set()
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return set(value.split())
    return set()


def _packages() -> list[Finding]:
    remedies = {name: f"pip install {name}" for name in (extras.DISTRIBUTION, *extras.packages())}
    for extra in extras.EXTRAS:
        command = extras.install_command(extra)
        remedies.update((name, command) for name in extras.packages(extra) if name not in remedies)
    return [
        Finding(name, metadata.version(name))
        if extras.is_installed(name)
        else Finding(name, "missing", False, remedy)
        for name, remedy in remedies.items()
    ]


def _native_library() -> list[Finding]:
    try:
        return [
            Finding("native library", native_library.version()),
            Finding("native kernels", native_library.isa()),
        ]
    except BackendUnavailableError as error:
        return [Finding("native library", "missing", False, str(error))]


def _backends() -> list[Finding]:
    findings = []
    for backend in BACKENDS:
        reason = backend.unavailable_reason()
        findings.append(
            Finding(
                f"back end {backend.name}",
                "ready" if reason is None else "missing",
                reason is None,
                reason or "",
            )
        )
    return findings

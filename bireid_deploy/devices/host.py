"""What the machine we run on can do."""

import os
import platform
import struct
import sys
from collections.abc import Sequence
from importlib import metadata

from bireid_runtime import native_library
from bireid_runtime.backends import BACKENDS
from bireid_runtime.errors import BackendUnavailableError

from bireid_deploy import extras
from bireid_deploy.devices.facts import KERNEL_FEATURES
from bireid_deploy.devices.finding import Finding
from bireid_deploy.devices.this_machine import cores, cpu_features, cpu_name


def examine_host() -> list[Finding]:
    """Look at Python, the CPU, the packages, the native library and the back ends."""
    return [*_python(), *_machine(), *_packages(), *_native_library(), *_backends()]


def verdict(findings: Sequence[Finding]) -> str:
    """What this machine is ready for, in one line.

    Args:
        findings: What `examine_host` returned.
    """
    states = {each.name: each for each in findings}
    engines = [each.name for each in BACKENDS if states[_engine(each.name)].ok]
    running = f"bundles run here by {', '.join(engines)}" if engines else "no bundle runs here"
    unfit = [each.name for each in findings[:2] if not each.ok]
    if not unfit and all(extras.is_installed(name) for name in extras.packages("train")):
        return f"{running}; training is ready"
    remedy = f"mend {', '.join(unfit)}" if unfit else extras.install_command("train")
    return f"{running}; to train: {remedy}"


def _engine(backend: str) -> str:
    return f"back end {backend}"


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
    flags = cpu_features()
    features = [feature for feature in KERNEL_FEATURES if feature in flags]
    libc = " ".join(platform.libc_ver()).strip() or "unknown"
    return [
        Finding("system", f"{platform.system()} {platform.release()}"),
        Finding("architecture", platform.machine()),
        Finding("CPU", cpu_name()),
        Finding("C library", libc),
        Finding("page size", f"{os.sysconf('SC_PAGE_SIZE')} bytes"),
        Finding("cores", str(cores())),
        Finding("CPU features", " ".join(features) or "none that matter here"),
    ]


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
                _engine(backend.name),
                "ready" if reason is None else "missing",
                reason is None,
                reason or "",
            )
        )
    return findings

"""What a device must have to run a bundle, and how to mend what it lacks."""

import shlex
from collections.abc import Sequence

from bireid_deploy.devices.facts import KERNEL_FEATURES, DeviceFacts
from bireid_deploy.devices.finding import Finding
from bireid_deploy.errors import DeviceCheckError

# Measured: 99 MB with pip, NumPy 2.4 and the runtime.
ENVIRONMENT_BYTES = 120_000_000

_MACHINES = ("aarch64", "armv7l", "x86_64")
# Raspberry Pi 1, Zero and Zero W.
_OLD_ARM = ("armv6l", "armv5tel")
_MINIMUM_GLIBC = (2, 17)
_MINIMUM_PYTHON = (3, 11)
_PROGRAM = "flash with --program, which needs no Python"


def check(
    facts: DeviceFacts, *, needs_python: bool, needs_service: bool, needed_bytes: int
) -> list[Finding]:
    """Hold a device against what a flash needs.

    Args:
        facts: The device.
        needs_python: Whether the bundle is to run in Python there, not in `bireid-embed` alone.
        needs_service: Whether a service is to be set up.
        needed_bytes: Room that everything takes there.

    Returns:
        Everything looked at, in order: what rules the device out comes before what can be mended.
    """
    return [
        _system(facts),
        _processor(facts),
        Finding("CPU", f"{facts.cpu_model}, {facts.cores} cores"),
        Finding("native kernels", facts.kernel_path),
        _cpu_features(facts),
        _programs(facts, needs_python),
        _c_library(facts, needs_python),
        *(_python(facts) if needs_python else ()),
        _folder(facts),
        _free_space(facts, needed_bytes),
        _tools(facts),
        *((_service(facts),) if needs_service else ()),
        Finding("memory", _megabytes(facts.memory_bytes)),
        Finding("page size", f"{facts.page_size} bytes" if facts.page_size else "unknown"),
    ]


def require(device: str, findings: Sequence[Finding]) -> None:
    """Raise unless all is as it should be.

    Args:
        device: Its name, for the message.
        findings: What `check` returned.

    Raises:
        DeviceCheckError: Something is not; the message gives the first such finding.
    """
    for finding in findings:
        if not finding.ok:
            raise DeviceCheckError(f"{device}: {finding.name}: {finding.value}; {finding.remedy}")


def _finding(name: str, value: str, ok: bool, remedy: str) -> Finding:
    return Finding(name, value, ok, "" if ok else remedy)


def _system(facts: DeviceFacts) -> Finding:
    kind = "Android, Linux" if facts.is_android else facts.system or "unknown"
    remedy = "bundles run on Linux and Android; choose such a device"
    return _finding("system", f"{kind} {facts.kernel}".strip(), facts.system == "Linux", remedy)


def _processor(facts: DeviceFacts) -> Finding:
    known = facts.program_machine in _MACHINES
    remedy = f"{_sixty_four_bit_system(facts)}; there are builds for {', '.join(_MACHINES)}"
    if facts.machine in _OLD_ARM:
        remedy = (
            "its CPU is older than ARMv7 and has no NEON; use a Raspberry Pi Zero 2 W, 2 or later, "
            "under 32 or 64 bits"
        )
    return _finding("architecture", facts.machine or "unknown", known, remedy)


def _cpu_features(facts: DeviceFacts) -> Finding:
    features = [feature for feature in KERNEL_FEATURES if feature in facts.cpu_features]
    return Finding("CPU features", " ".join(features) or "none that matter here")


def _programs(facts: DeviceFacts, needs_python: bool) -> Finding:
    # A static 64-bit program needs the kernel alone; for Python on ARM there is a wheel of 32 bits.
    fits = facts.userland_bits != 32 or not needs_python or facts.userland_machine == "armv7l"
    value = f"{facts.userland_bits}-bit" if facts.userland_bits else "unknown"
    remedy = f"{_sixty_four_bit_system(facts)} (its kernel is 64-bit already), or {_PROGRAM}"
    return _finding("programs", value, fits, remedy)


def _sixty_four_bit_system(facts: DeviceFacts) -> str:
    name = "Raspberry Pi OS" if "Raspberry Pi" in facts.cpu_model else "system"
    return f"install the 64-bit {name}"


def _c_library(facts: DeviceFacts, needs_python: bool) -> Finding:
    fits = facts.glibc is not None and facts.glibc >= _MINIMUM_GLIBC
    version = ".".join(map(str, _MINIMUM_GLIBC))
    remedy = f"{_PROGRAM}, or install a system with glibc {version} or later"
    return _finding("C library", facts.c_library, fits or not needs_python, remedy)


def _python(facts: DeviceFacts) -> list[Finding]:
    if facts.python is None:
        remedy = f"{_apt(facts, 'python3 python3-venv')}, or {_PROGRAM}"
        return [Finding("Python", "missing", False, remedy)]
    recent = facts.python[:2] >= _MINIMUM_PYTHON
    version = ".".join(map(str, _MINIMUM_PYTHON))
    remedy = f"upgrade the system to one with Python {version} (Debian 12), or {_PROGRAM}"
    return [
        _finding("Python", ".".join(map(str, facts.python)), recent, remedy),
        _finding(
            "Python venv",
            "ready" if facts.python_has_venv else "missing",
            facts.python_has_venv,
            _apt(facts, "python3-venv"),
        ),
    ]


def _apt(facts: DeviceFacts, packages: str) -> str:
    return f"{'' if facts.user_id == 0 else 'sudo '}apt install {packages}"


def _folder(facts: DeviceFacts) -> Finding:
    elsewhere = "/data/local/tmp/reid" if facts.is_android else "~/reid"
    if not facts.writable:
        remedy = f"choose a folder that this user may write, such as {elsewhere}"
        if facts.user_id != 0 and not facts.is_android:
            folder = shlex.quote(facts.directory)
            remedy = f"sudo install -d -o {facts.user_id} {folder}, or {remedy}"
        return Finding("folder", f"{facts.directory} is not writable", False, remedy)
    if not facts.executable:
        remedy = f"choose a folder that is not mounted noexec, such as {elsewhere}"
        return Finding("folder", f"{facts.directory} runs no programs", False, remedy)
    return Finding("folder", facts.directory)


def _free_space(facts: DeviceFacts, needed_bytes: int) -> Finding:
    lacking = needed_bytes - facts.free_bytes
    # What is needed is rounded up: nobody is told that 0 MB are.
    needed, to_free = (f"{-(-count // 1_000_000)} MB" for count in (needed_bytes, lacking))
    value = f"{_megabytes(facts.free_bytes)}, {needed} needed"
    return _finding("free space", value, lacking <= 0, f"free {to_free}, or choose another folder")


def _tools(facts: DeviceFacts) -> Finding:
    missing = ", ".join(facts.missing_tools)
    remedy = _apt(facts, "coreutils util-linux")
    if facts.is_android:
        remedy = "choose a device with a newer Android"
    elif facts.glibc is None:
        remedy = "enable them in its BusyBox, or install coreutils and util-linux"
    value = f"missing: {missing}" if missing else "complete"
    return _finding("tools", value, not missing, remedy)


def _service(facts: DeviceFacts) -> Finding:
    folder = facts.directory
    if not facts.service_manager:
        remedy = "flash without --service, and let the device's start-up run `bireid-embed serve`"
        return Finding("service", "no systemd", False, remedy)
    if set(folder) & set("\"'\\"):
        remedy = "systemd takes no quotes and backslashes; choose another folder"
        return Finding("service", f"cannot run from {folder}", False, remedy)
    # A service of the system runs as a user of its own, who sees a /tmp of its own.
    hidden = not facts.open_to_others or folder.startswith(("/tmp/", "/var/tmp/"))
    if facts.user_id == 0 and hidden:
        remedy = "choose a folder that every user may read, such as /opt/reid"
        return Finding("service", f"cannot see {folder}", False, remedy)
    return Finding("service", facts.service_manager)


def _megabytes(count: int) -> str:
    return f"{count // 1_000_000} MB"

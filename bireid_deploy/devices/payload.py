"""What goes on a device: files with their sizes and hashes."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bireid_runtime.bundle import Bundle
from bireid_runtime.bundle_files import CHECKSUMS_NAME, file_sha256
from packaging.requirements import Requirement

from bireid_deploy.devices import wheels
from bireid_deploy.errors import PayloadError

PROGRAM = "bireid-embed"
HASH_DIGITS = 12
"""Of the end of a version's name."""

_RUNTIME = Requirement("bireid-runtime")
# Of the Makefile's targets for machines that this one may not be.
_MAKE_SUFFIXES = {"aarch64": "-aarch64", "armv7l": "-armv7"}


@dataclass(frozen=True)
class PayloadFile:
    """One file to copy.

    Attributes:
        path: Where it goes, relative to the version's folder there; plain names and slashes.
        source: The file here.
        size: Bytes.
        sha256: 64 hexadecimal digits.
    """

    path: str
    source: Path
    size: int
    sha256: str

    @classmethod
    def of(cls, source: Path, path: str) -> "PayloadFile":
        """Describe a file here that goes to `path` there."""
        return cls(path, source, source.stat().st_size, file_sha256(source))


@dataclass(frozen=True)
class Payload:
    """Everything that one version on a device consists of, before anything is installed there.

    Attributes:
        bundle_name: Name of the network.
        files: In the order of their paths.
    """

    bundle_name: str
    files: tuple[PayloadFile, ...]

    @property
    def checksums(self) -> str:
        """Text of a `SHA256SUMS` over all files, as `sha256sum -c` reads it."""
        return "".join(f"{file.sha256}  {file.path}\n" for file in self.files)

    @property
    def version(self) -> str:
        """Folder name there: the bundle's name and 12 digits of the hash over all files."""
        # The name comes from a manifest: it must not lead elsewhere, nor look like an option.
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", self.bundle_name).strip(".-")[:100]
        digits = hashlib.sha256(self.checksums.encode()).hexdigest()[:HASH_DIGITS]
        return f"{name}-{digits}" if name else digits

    @property
    def runtime_wheel(self) -> str | None:
        """Path of the runtime's wheel there; None when the device needs no Python."""
        names = (file.path for file in self.files)
        return next((name for name in names if name.startswith("wheels/bireid_runtime-")), None)


@dataclass(frozen=True)
class PythonPlatform:
    """What decides which wheels a device can install.

    Attributes:
        machine: Architecture of the programs there, as `uname -m` would call it.
        python: Version of its python3.
        glibc: Version of its C library.
    """

    machine: str
    python: tuple[int, ...]
    glibc: tuple[int, int]


def bundle_files(bundle: Bundle) -> list[PayloadFile]:
    """The files of a verified bundle: those of its SHA256SUMS and that file itself."""
    lines = (bundle.path / CHECKSUMS_NAME).read_text(encoding="utf-8").splitlines()
    names = [CHECKSUMS_NAME, *(re.split(r" [ *]", line, maxsplit=1)[1] for line in lines)]
    return [PayloadFile.of(bundle.path / name, f"bundle/{name}") for name in names]


def program_file(dist: Path, machine: str) -> PayloadFile:
    """The program `bireid-embed` for a machine, from the folder where `make` leaves it.

    Raises:
        PayloadError: It has not been made.
    """
    source = dist / f"{PROGRAM}-{machine}"
    if not source.is_file():
        raise PayloadError(f"{source} is missing: {_make(PROGRAM, machine)}")
    return PayloadFile.of(source, PROGRAM)


def wheel_files(
    dist: Path, device: PythonPlatform, offline: bool, on_download: Callable[[str], None]
) -> list[PayloadFile]:
    """The wheels for a device: the runtime, and with `offline` all that it depends on.

    A dependency is taken from `dist`, else from the cache of earlier downloads, else downloaded.

    Args:
        dist: Folder with the runtime's wheel.
        device: What the wheels must fit.
        offline: Whether the device cannot reach a package index.
        on_download: Called with a sentence before pip reaches the network.

    Raises:
        PayloadError: No wheel in `dist` fits, or a dependency cannot be downloaded.
    """
    platforms = wheels.platforms(device.machine, device.glibc)
    fitting = wheels.tags(device.python, platforms)
    runtime = wheels.find_wheel([dist], _RUNTIME, fitting)
    if runtime is None:
        raise PayloadError(
            f"{dist}: no wheel of bireid-runtime for {device.machine}, glibc "
            f"{device.glibc[0]}.{device.glibc[1]}: {_make('wheel', device.machine)}"
        )
    found = [runtime]
    cache = wheels.wheel_cache()
    for requirement in wheels.dependencies(runtime) if offline else []:
        wheel = wheels.find_wheel([dist], requirement, fitting)
        wheel = wheel or wheels.find_wheel([cache], requirement, fitting)
        if wheel is None:
            python = ".".join(map(str, device.python[:2]))
            on_download(f"downloading {requirement} for Python {python} on {device.machine}")
            wheels.download(requirement, device.python, platforms, cache)
            wheel = wheels.find_wheel([cache], requirement, fitting)
        if wheel is None:
            raise PayloadError(
                f"{cache}: pip brought no wheel of {requirement} that fits the device; "
                f"put one into {dist}"
            )
        found.append(wheel)
    return [PayloadFile.of(wheel, f"wheels/{wheel.name}") for wheel in found]


def _make(target: str, machine: str) -> str:
    suffix = _MAKE_SUFFIXES.get(machine, "")
    return f"run `make {target}{suffix}`, or name the folder that holds it with --dist"

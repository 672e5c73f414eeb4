"""Python wheels that fit a device: those at hand, and those that pip can bring."""

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from email.parser import BytesParser
from pathlib import Path

from bireid_runtime.files import open_regular
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from bireid_deploy.errors import PayloadError

# Nothing older than glibc 2.17 (manylinux2014) is supported by our wheels, nor by NumPy's.
_OLDEST_GLIBC_MINOR = 17


def platforms(machine: str, glibc: tuple[int, int]) -> list[str]:
    """Platform tags that a device accepts, the newest first.

    Args:
        machine: Architecture of the programs there, such as `aarch64`.
        glibc: Version of its C library.
    """
    newest = glibc[1] if glibc[0] == 2 else _OLDEST_GLIBC_MINOR
    minors = range(newest, _OLDEST_GLIBC_MINOR - 1, -1)
    named = [f"manylinux_2_{minor}_{machine}" for minor in minors]
    # PyPI has no NumPy for 32-bit ARM; what Raspberry Pi's own index has is called like this.
    return [*named, f"linux_{machine}"] if machine == "armv7l" else named


def tags(python: tuple[int, ...], platforms: list[str]) -> frozenset[Tag]:
    """Wheel tags that a CPython on these platforms accepts.

    Args:
        python: Version of Python there; two numbers count.
        platforms: As from `platforms`.
    """
    interpreter = f"cp{python[0]}{python[1]}"
    return frozenset(
        [
            *cpython_tags(python[:2], [interpreter], platforms),
            *compatible_tags(python[:2], interpreter, platforms),
        ]
    )


def find_wheel(
    folders: Iterable[Path], requirement: Requirement, fitting: frozenset[Tag]
) -> Path | None:
    """Return the newest wheel that satisfies a requirement and has a fitting tag, or None.

    Raises:
        PayloadError: A file's name begins like a wheel of that project and is not a wheel's name.
    """
    found: list[tuple[Version, Path]] = []
    pattern = f"{requirement.name.replace('-', '_')}-*.whl"
    for path in [path for folder in folders for path in sorted(folder.glob(pattern))]:
        try:
            _, version, _, wheel_tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename as error:
            raise PayloadError(f"{path}: not the name of a wheel; remove that file") from error
        if version in requirement.specifier and wheel_tags & fitting:
            found.append((version, path))
    return max(found, key=lambda entry: entry[0])[1] if found else None


def dependencies(wheel: Path) -> list[Requirement]:
    """What a wheel needs beside Python, its extras left out.

    Raises:
        PayloadError: The file is not a wheel.
    """
    try:
        with open_regular(wheel) as file, zipfile.ZipFile(file) as archive:
            (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            metadata = BytesParser().parsebytes(archive.read(name), headersonly=True)
    except (zipfile.BadZipFile, ValueError) as error:
        raise PayloadError(f"{wheel}: not a wheel ({error}); make it again") from error
    requirements = [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]
    return [each for each in requirements if not each.marker or each.marker.evaluate({"extra": ""})]


def wheel_cache() -> Path:
    """Folder here that keeps downloaded wheels: `~/.cache/bireid-deploy/wheels`."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "bireid-deploy" / "wheels"


def download(
    requirement: Requirement, python: tuple[int, ...], platforms: list[str], folder: Path
) -> None:
    """Let pip here download the wheel that a device would install.

    Args:
        requirement: The package; what it depends on is not downloaded.
        python: Version of Python there.
        platforms: As from `platforms`.
        folder: Takes the wheel, whole or not at all.

    Raises:
        PayloadError: pip failed; the message ends with its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as temporary:
        command = [sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", "download"]
        command += ["--quiet", "--no-deps", "--only-binary=:all:", "--implementation=cp"]
        command += [f"--python-version={python[0]}.{python[1]}", f"--dest={temporary}"]
        command += [f"--platform={platform}" for platform in platforms]
        done = subprocess.run(
            [*command, str(requirement)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            reason = (done.stderr.strip() or "no message").splitlines()[-1]
            raise PayloadError(
                f"pip cannot download {requirement} for Python {python[0]}.{python[1]} on "
                f"{platforms[0]}: {reason}; put its wheel into the folder of --dist"
            )
        for wheel in Path(temporary).glob("*.whl"):
            os.replace(wheel, folder / wheel.name)

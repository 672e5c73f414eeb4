"""Files of a bundle, which a stranger may have written: their names, sizes and hashes."""

import hashlib
import re
from pathlib import Path

from bireid_runtime.errors import BundleError, IntegrityError
from bireid_runtime.files import open_regular
from bireid_runtime.manifest import Section

MANIFEST_NAME = "manifest.json"
CHECKSUMS_NAME = "SHA256SUMS"
MAX_MANIFEST_BYTES = 4 * 2**20
MAX_FILE_BYTES = 2**30

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHECKSUM_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def check_files(root: Path, files: Section) -> dict[str, str]:
    """Check names and sizes of the files of the manifest; return the SHA-256 by name."""
    return {
        name: _check_file(root, name, files.section(name), MAX_FILE_BYTES) for name in files.values
    }


def check_listed_file(root: Path, entry: Section, limit: int) -> dict[str, str]:
    """As `check_files`, of the one file that a section names."""
    name = entry.text("file")
    return {name: _check_file(root, name, entry, limit)}


def _check_file(root: Path, name: str, entry: Section, limit: int) -> str:
    path = file_inside(root, name)
    expected = entry.integer("bytes", 0, limit)
    actual = path.stat().st_size
    if actual != expected:
        raise IntegrityError(
            f"{path}: {actual} bytes, the manifest says {expected}; copy the bundle again"
        )
    sha256 = entry.text("sha256")
    if not _SHA256.fullmatch(sha256):
        raise entry.error("sha256", "must be 64 lower-case hexadecimal digits")
    return sha256


def require_plain(root: Path, name: str) -> None:
    """Refuse a name that could lead out of a bundle."""
    if not _FILE_NAME.fullmatch(name):
        raise BundleError(f"{root}: {name!r} is not a plain file name")


def require_given(path: Path, data: bytes | None) -> bytes:
    """The bytes of a file of a bundle in memory, if there are any."""
    if data is None:
        raise BundleError(f"{path}: this file is not among those in memory")
    return data


def require_bytes(path: Path, data: bytes | None, entry: Section) -> None:
    """Hold a file in memory to size and SHA-256 of the section that names it."""
    given = require_given(path, data)
    if len(given) != entry.integer("bytes", 0, MAX_FILE_BYTES):
        stated = entry.values["bytes"]
        raise IntegrityError(f"{path}: {len(given)} bytes, the manifest says {stated}")
    if hashlib.sha256(given).hexdigest() != entry.text("sha256"):
        raise IntegrityError(f"{path}: SHA-256 mismatch; copy the bundle again")


def verify_checksums(root: Path, manifest: bytes, checksums: dict[str, str]) -> dict[str, bytes]:
    """Check SHA256SUMS against the manifest, and every file against both.

    Returns:
        The bytes of the files of the manifest, so that what was hashed is what is used.
    """
    path = file_inside(root, CHECKSUMS_NAME)
    listed = _parse_checksums(path)
    for name in [MANIFEST_NAME, *checksums]:
        if name not in listed:
            raise IntegrityError(f"{path}: {name} is not listed; write the bundle again")
        if checksums.get(name, listed[name]) != listed[name]:
            raise IntegrityError(f"{path}: the SHA-256 of {name} is not that of the manifest")
    hashed = {}
    for name, expected in listed.items():
        member = file_inside(root, name)
        data = manifest if name == MANIFEST_NAME else read_limited(member, MAX_FILE_BYTES)
        if hashlib.sha256(data).hexdigest() != expected:
            raise IntegrityError(f"{member}: SHA-256 mismatch; copy the bundle again")
        if name in checksums:
            hashed[name] = data
    return hashed


def _parse_checksums(path: Path) -> dict[str, str]:
    listed: dict[str, str] = {}
    text = read_limited(path, MAX_MANIFEST_BYTES).decode("utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        match = _CHECKSUM_LINE.fullmatch(line)
        if match is None or match[2] in listed:
            raise BundleError(f"{path}: line {number} is not 'SHA-256  name' of a new file")
        listed[match[2]] = match[1]
    return listed


def file_inside(root: Path, name: str) -> Path:
    """Return the path of a file of the bundle, refusing every name that could lead elsewhere."""
    require_plain(root, name)
    path = root / name
    if not path.is_file():
        raise BundleError(f"{root}: the bundle has no file {name}")
    folder = path.resolve().parent
    if folder not in (root.resolve(), _blobs(root.resolve())):
        raise BundleError(f"{path}: a link that leads out of the bundle")
    return path


def _blobs(root: Path) -> Path | None:
    """Where the files of a snapshot lie: `snapshots/REVISION/...` beside `blobs/`.

    That is how the cache of Hugging Face keeps what it has downloaded.
    """
    for folder in root.parents:
        if folder.name == "snapshots":
            return folder.parent / "blobs"
    return None


def read_limited(path: Path, limit: int) -> bytes:
    """Return the bytes of a file, refusing one that is larger than `limit`."""
    with open_regular(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise BundleError(f"{path}: larger than the limit of {limit} bytes")
    return data


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 lower-case hexadecimal digits."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

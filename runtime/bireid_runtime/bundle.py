"""Reading a bundle: the directory that carries one network from the workstation to the device."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_runtime.errors import BundleError, IntegrityError, UnsupportedModelError
from bireid_runtime.golden import Golden
from bireid_runtime.manifest import Section, parse_manifest
from bireid_runtime.preprocess import Preprocess

SCHEMA_VERSION = 1
MANIFEST_NAME = "manifest.json"
CHECKSUMS_NAME = "SHA256SUMS"
GOLDEN_NAME = "golden.npz"
MAX_MANIFEST_BYTES = 4 * 2**20
MAX_FILE_BYTES = 2**30
MAX_EMBEDDING_DIM = 65536

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FINGERPRINT = re.compile(r"sha256:[0-9a-f]{64}")
_CHECKSUM_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


@dataclass(frozen=True, eq=False)
class Bundle:
    """An opened bundle; `Bundle.open` is the way to get one.

    Attributes:
        path: The directory.
        manifest: The whole manifest as parsed from JSON.
        name: Name of the network.
        fingerprint: Identifies the embedding space (`sha256:` and 64 hexadecimal digits).
            Embeddings of two fingerprints must never be compared.
        preprocess: How a crop becomes network input.
        embedding_dim: D, the length of an embedding.
        input_name: Name of the model's input, float32 `(N, H, W, 3)`.
        output_name: Name of the model's output, float32 `(N, D)`, rows of unit length.
        formats: Path of each file of the manifest by its format, such as `"onnx"`.
    """

    path: Path
    manifest: dict[str, Any]
    name: str
    fingerprint: str
    preprocess: Preprocess
    embedding_dim: int
    input_name: str
    output_name: str
    formats: Mapping[str, Path]

    @classmethod
    def open(cls, path: str | os.PathLike[str], verify: bool = True) -> "Bundle":
        """Read the manifest of a bundle and check the files it lists.

        Args:
            path: The directory, untrusted.
            verify: Also check every file against its SHA-256. Types, names and sizes are checked
                in any case.

        Returns:
            The bundle; no model is loaded yet.

        Raises:
            BundleError: Not a bundle, an unknown schema_version, or a key that is missing or
                malformed (named).
            IntegrityError: A file has another size or SHA-256 than stated.
            UnsupportedModelError: The network needs something that this version does not have.
        """
        try:
            return cls._open(Path(path), verify)
        except OSError as error:
            raise BundleError(f"{path}: cannot be read: {error}") from error

    @classmethod
    def _open(cls, root: Path, verify: bool) -> "Bundle":
        if not root.is_dir():
            raise BundleError(
                f"{root}: not a directory; a bundle is a directory with {MANIFEST_NAME}"
            )
        source = root / MANIFEST_NAME
        if not source.is_file():
            raise BundleError(f"{root}: not a bundle, there is no {MANIFEST_NAME} in it")
        data = _read_limited(_file_inside(root, MANIFEST_NAME), MAX_MANIFEST_BYTES)
        manifest = parse_manifest(data, str(source))
        section = Section(manifest, str(source))
        _check_schema(section)
        checksums = _check_files(root, section.section("files"))
        if verify:
            _verify(root, checksums)
        preprocess = Preprocess.from_manifest(section.section("preprocess").values, str(source))
        dim = _read_embedding(section.section("embedding"))
        io = section.section("io")
        return cls(
            path=root,
            manifest=manifest,
            name=section.text("name"),
            fingerprint=_read_fingerprint(section),
            preprocess=preprocess,
            embedding_dim=dim,
            input_name=_read_tensor(
                io.section("input"), [None, preprocess.height, preprocess.width, 3], "NHWC"
            ),
            output_name=_read_tensor(io.section("output"), [None, dim]),
            formats=_read_formats(root, section.section("files")),
        )

    def file(self, format: str) -> Path:
        """Return the path of the model in a format.

        Args:
            format: Name of the format in the manifest, such as `"onnx"`.

        Returns:
            The file.

        Raises:
            BundleError: The bundle has no file of that format; the message lists those it has.
        """
        if format not in self.formats:
            present = ", ".join(sorted(self.formats)) or "none"
            raise BundleError(f"{self.path}: no file of format '{format}'; present: {present}")
        return self.formats[format]

    def golden(self) -> Golden:
        """Read the golden crops.

        Returns:
            Crops, embeddings and tolerances.

        Raises:
            BundleError: `golden.npz` is missing, damaged or of another embedding length.
        """
        golden = Golden.load(_file_inside(self.path, GOLDEN_NAME))
        if golden.embeddings.shape[1] != self.embedding_dim:
            raise BundleError(
                f"{self.path / GOLDEN_NAME}: embeddings have {golden.embeddings.shape[1]} "
                f"components, the manifest says {self.embedding_dim}"
            )
        return golden


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 lower-case hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_schema(section: Section) -> None:
    version = section.integer("schema_version", 0, 2**31)
    if version != SCHEMA_VERSION:
        raise section.error(
            "schema_version",
            f"is {version}; this runtime reads {SCHEMA_VERSION}: install the bireid-runtime "
            "that matches the bundle",
        )
    for key in ("training", "parity", "binarisation", "toolchain", "licences"):
        section.section(key)
    section.array("metrics")


def _read_fingerprint(section: Section) -> str:
    fingerprint = section.text("fingerprint")
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise section.error("fingerprint", "must be 'sha256:' and 64 hexadecimal digits")
    return fingerprint


def _read_embedding(section: Section) -> int:
    if not section.boolean("normalized") or section.text("metric") != "cosine":
        raise UnsupportedModelError(
            f"{section.source}: embeddings must be normalized with metric 'cosine'; "
            "this version compares no others"
        )
    return section.integer("dim", 1, MAX_EMBEDDING_DIM)


def _read_tensor(section: Section, shape: list[int | None], layout: str | None = None) -> str:
    """Check the declared dtype, layout and shape of a tensor and return its name."""
    if section.text("dtype") != "float32":
        raise UnsupportedModelError(f"{section.source}: {section.path}.dtype is not float32")
    if layout is not None and section.text("layout") != layout:
        raise UnsupportedModelError(f"{section.source}: {section.path}.layout is not {layout}")
    if section.array("shape") != shape:
        raise section.error("shape", f"must be {shape} to agree with preprocess and embedding")
    return section.text("name")


def _read_formats(root: Path, files: Section) -> dict[str, Path]:
    formats: dict[str, Path] = {}
    for name in files.values:
        entry = files.section(name)
        kind = entry.text("format")
        if kind in formats:
            raise entry.error("format", f"is '{kind}', like that of {formats[kind].name}")
        formats[kind] = root / name
    return formats


def _check_files(root: Path, files: Section) -> dict[str, str]:
    """Check names and sizes of the files of the manifest; return the SHA-256 by name."""
    checksums = {}
    for name in files.values:
        entry = files.section(name)
        path = _file_inside(root, name)
        expected = entry.integer("bytes", 0, MAX_FILE_BYTES)
        actual = path.stat().st_size
        if actual != expected:
            raise IntegrityError(
                f"{path}: {actual} bytes, the manifest says {expected}; copy the bundle again"
            )
        checksums[name] = entry.text("sha256")
        if not _SHA256.fullmatch(checksums[name]):
            raise entry.error("sha256", "must be 64 lower-case hexadecimal digits")
    return checksums


def _verify(root: Path, checksums: dict[str, str]) -> None:
    """Check SHA256SUMS against the manifest, and every file against both."""
    path = _file_inside(root, CHECKSUMS_NAME)
    listed = _parse_checksums(path)
    required = [MANIFEST_NAME, *checksums]
    if (root / GOLDEN_NAME).exists():
        required.append(GOLDEN_NAME)
    for name in required:
        if name not in listed:
            raise IntegrityError(f"{path}: {name} is not listed; write the bundle again")
        if checksums.get(name, listed[name]) != listed[name]:
            raise IntegrityError(f"{path}: the SHA-256 of {name} is not that of the manifest")
    for name, expected in listed.items():
        member = _file_inside(root, name)
        if member.stat().st_size > MAX_FILE_BYTES:
            raise BundleError(f"{member}: larger than the limit of {MAX_FILE_BYTES} bytes")
        if file_sha256(member) != expected:
            raise IntegrityError(f"{member}: SHA-256 mismatch; copy the bundle again")


def _parse_checksums(path: Path) -> dict[str, str]:
    listed: dict[str, str] = {}
    text = _read_limited(path, MAX_MANIFEST_BYTES).decode("utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        match = _CHECKSUM_LINE.fullmatch(line)
        if match is None or match[2] in listed:
            raise BundleError(f"{path}: line {number} is not 'SHA-256  name' of a new file")
        listed[match[2]] = match[1]
    return listed


def _file_inside(root: Path, name: str) -> Path:
    """Return the path of a file of the bundle, refusing every name that could lead elsewhere."""
    if not _FILE_NAME.fullmatch(name):
        raise BundleError(f"{root}: {name!r} is not a plain file name")
    path = root / name
    if not path.is_file():
        raise BundleError(f"{root}: the bundle has no file {name}")
    if path.resolve().parent != root.resolve():
        raise BundleError(f"{path}: a link that leads out of the bundle")
    return path


def _read_limited(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise BundleError(f"{path}: larger than the limit of {limit} bytes")
    return data

"""Reading a bundle: the directory that carries one network from the workstation to the device."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bireid_runtime.adaptation import Adaptation, AdaptationSpec, check_camera_name
from bireid_runtime.bundle_files import (
    MANIFEST_NAME,
    MAX_FILE_BYTES,
    MAX_MANIFEST_BYTES,
    check_files,
    check_listed_file,
    file_inside,
    read_limited,
    require_bytes,
    require_given,
    require_plain,
    verify_checksums,
)
from bireid_runtime.bundle_manifest import (
    check_schema,
    other_files,
    read_adaptation,
    read_fingerprint,
    read_formats,
)
from bireid_runtime.errors import BundleError, IntegrityError, UnsupportedModelError
from bireid_runtime.golden import MAX_GOLDEN_ITEMS, Golden, read_cameras, read_tolerances
from bireid_runtime.golden_decoded import DecodedGolden
from bireid_runtime.inputs import INPUT_KINDS, InputSpec
from bireid_runtime.manifest import Section, parse_manifest
from bireid_runtime.named_specs import find_spec
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.preprocess import Preprocess
from bireid_runtime.tensors import MAX_TENSORS, require_unique

GOLDEN_NAME = "golden.safetensors"
DECODED_NAME = "golden_decoded.safetensors"
ADAPTATION_NAME = "adaptation.safetensors"


@dataclass(frozen=True, eq=False)
class Bundle:
    """An opened bundle; `Bundle.open` is the way to get one.

    Attributes:
        path: The directory.
        manifest: The whole manifest as parsed from JSON.
        name: Name of the network.
        task: What the network is for, such as `"reid"`.
        fingerprint: Identifies what comes out (`sha256:` and 64 hexadecimal digits). Outputs of
            two fingerprints must never be compared.
        inputs: What the network takes, 1 to 16.
        outputs: What it gives, 1 to 16.
        formats: Path of each file of the manifest by its format, such as `"onnx"`.
        adaptation: The cameras that the network is adapted to, and how; None for a network that
            takes all cameras alike.
        verified: Whether the bytes of files are held to their SHA-256.
        memory: The files themselves, of a bundle that is in no directory; `path` is a name then.
    """

    path: Path
    manifest: dict[str, Any]
    name: str
    task: str
    fingerprint: str
    inputs: tuple[InputSpec, ...]
    outputs: tuple[OutputSpec, ...]
    formats: Mapping[str, Path]
    adaptation: AdaptationSpec | None
    verified: bool
    _hashed: dict[str, bytes] = field(repr=False)
    memory: Mapping[str, bytes] | None = field(default=None, repr=False)

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
    def from_files(cls, files: Mapping[str, bytes], name: str = "memory") -> "Bundle":
        """Read a bundle that is in memory, in an archive or a database, say.

        Args:
            files: Bytes by name, untrusted: `manifest.json`, the files that it names, of which
                those of formats that no engine is to open may be missing.
            name: What errors call it.

        Returns:
            The bundle, with the formats whose files are given. Sizes and SHA-256 are those of the
            manifest, which is the caller's to trust: nothing of `SHA256SUMS` is read.

        Raises:
            BundleError, IntegrityError, UnsupportedModelError: As `open`.
        """
        root = Path(name)
        if MANIFEST_NAME not in files:
            raise BundleError(f"{root}: no file {MANIFEST_NAME} is given")
        if len(files[MANIFEST_NAME]) > MAX_MANIFEST_BYTES:
            raise BundleError(f"{root / MANIFEST_NAME}: larger than {MAX_MANIFEST_BYTES} bytes")
        manifest = parse_manifest(files[MANIFEST_NAME], str(root / MANIFEST_NAME))
        section = Section(manifest, str(root / MANIFEST_NAME))
        check_schema(section)
        listed = section.section("files")
        required = {each: entry for each, (entry, _) in other_files(section).items()}
        for each in (*listed.values, *required):
            require_plain(root, each)
        required |= {each: listed.section(each) for each in listed.values if each in files}
        for each, entry in required.items():
            require_bytes(root / each, files.get(each), entry)
        return cls._read_manifest(root, section, {}, True, dict(files))

    @classmethod
    def _open(cls, root: Path, verify: bool) -> "Bundle":
        if not root.is_dir():
            raise BundleError(
                f"{root}: {'not a directory' if root.exists() else 'does not exist'}; "
                f"a bundle is a directory with {MANIFEST_NAME}"
            )
        source = root / MANIFEST_NAME
        if not source.is_file():
            raise BundleError(f"{root}: not a bundle, there is no {MANIFEST_NAME} in it")
        data = read_limited(file_inside(root, MANIFEST_NAME), MAX_MANIFEST_BYTES)
        manifest = parse_manifest(data, str(source))
        section = Section(manifest, str(source))
        check_schema(section)
        checksums = check_files(root, section.section("files"))
        for entry, limit in other_files(section).values():
            checksums |= check_listed_file(root, entry, limit)
        hashed = verify_checksums(root, data, checksums) if verify else {}
        return cls._read_manifest(root, section, hashed, verify, None)

    @classmethod
    def _read_manifest(
        cls,
        root: Path,
        section: Section,
        hashed: dict[str, bytes],
        verify: bool,
        memory: Mapping[str, bytes] | None,
    ) -> "Bundle":
        manifest = dict(section.values)
        golden = section.section("golden")
        inputs = tuple(
            InputSpec.from_manifest(each) for each in section.sections("inputs", 1, MAX_TENSORS)
        )
        outputs = tuple(
            OutputSpec.from_manifest(each) for each in section.sections("outputs", 1, MAX_TENSORS)
        )
        require_unique((spec.name for spec in inputs), section, "inputs")
        require_unique((spec.name for spec in outputs), section, "outputs")
        read_tolerances(golden, outputs)
        adaptation = read_adaptation(section, outputs)
        read_cameras(golden, adaptation)
        return cls(
            path=root,
            manifest=manifest,
            name=section.text("name"),
            task=section.text("task"),
            fingerprint=read_fingerprint(section),
            inputs=inputs,
            outputs=outputs,
            formats={
                kind: path
                for kind, path in read_formats(root, section.section("files")).items()
                if memory is None or path.name in memory
            },
            adaptation=adaptation,
            verified=verify,
            _hashed=hashed,
            memory=memory,
        )

    @property
    def cameras(self) -> tuple[str, ...]:
        """Names of the cameras that the network is adapted to; empty if it is to none."""
        return () if self.adaptation is None else self.adaptation.names

    def check_camera(self, camera: str | None) -> None:
        """Hold what a caller says of the camera to what the bundle knows.

        Args:
            camera: Name of a camera, or None if the caller named none.

        Raises:
            ArgumentError: A name that the bundle does not know, or none where it knows some; the
                message lists them.
        """
        check_camera_name(camera, self.cameras, self.path)

    def input(self, name: str) -> InputSpec:
        """Return the input of a name.

        Raises:
            BundleError: The network has none of that name; the message lists those it has.
        """
        return find_spec(self.inputs, name, "input", self.path)

    def output(self, name: str) -> OutputSpec:
        """Return the output of a name.

        Raises:
            BundleError: The network has none of that name; the message lists those it has.
        """
        return find_spec(self.outputs, name, "output", self.path)

    def output_of_kind(self, kind: str) -> OutputSpec:
        """Return the one output of a kind.

        Raises:
            UnsupportedModelError: There is none or more than one; the message names the class that
                opens such a bundle.
        """
        found = [spec for spec in self.outputs if spec.kind == kind]
        if len(found) == 1:
            return found[0]
        names = ", ".join(spec.name for spec in self.outputs)
        raise UnsupportedModelError(
            f"{self.path}: holds a network of the task '{self.task}' (outputs: {names}) with "
            f"{len(found)} outputs of the kind '{kind}'; open it with {self.face}"
        )

    @property
    def face(self) -> str:
        """The class that opens the bundle, such as `"Extractor"`."""
        if len(self.inputs) > 1 or len(self.outputs) > 1:
            return "Session"
        return INPUT_KINDS[self.inputs[0].kind].faces.get(self.outputs[0].kind, "Session")

    def input_of_kind(self, kind: str) -> InputSpec:
        """Return the input of a network that takes one of a kind and nothing else.

        Raises:
            UnsupportedModelError: The network takes something else; the message names the class
                that opens it.
        """
        if len(self.inputs) == 1 and self.inputs[0].kind == kind:
            return self.inputs[0]
        taken = ", ".join(f"{spec.name} ({spec.kind})" for spec in self.inputs)
        remedy = (
            "run it with Session.run" if self.face == "Session" else f"open it with {self.face}"
        )
        raise UnsupportedModelError(
            f"{self.path}: the network takes {taken}, not one input of the kind '{kind}'; {remedy}"
        )

    @property
    def image_input(self) -> InputSpec:
        """The input of a network that takes one image and nothing else.

        Raises:
            UnsupportedModelError: The network takes something else.
        """
        return self.input_of_kind("image")

    @property
    def preprocess(self) -> Preprocess:
        """How an image becomes the one input of the network.

        Raises:
            UnsupportedModelError: The network takes something else than one image.
        """
        spec = self.image_input.preprocess
        assert spec is not None
        return spec

    def first_format(self, formats: Iterable[str]) -> str:
        """The first of some formats that the bundle has a file of.

        Raises:
            BundleError: It has none of them; the message lists what it has.
        """
        for each in formats:
            if each in self.formats:
                return each
        wanted = "' or '".join(formats)
        present = ", ".join(sorted(self.formats)) or "none"
        raise BundleError(f"{self.path}: no file of format '{wanted}'; present: {present}")

    def file(self, format: str) -> Path:
        """Return the path of the model in a format.

        Args:
            format: Name of the format in the manifest, such as `"onnx"`.

        Returns:
            The file.

        Raises:
            BundleError: The bundle has no file of that format; the message lists those it has.
        """
        return self.formats[self.first_format((format,))]

    def read(self, format: str, camera: str | None = None) -> bytes:
        """Return the bytes of the model in a format; those that were hashed, if any were.

        Args:
            format: As for `file`.
            camera: Name of a camera, for the file with that camera's numbers in it; None for the
                file as it is.

        Raises:
            ArgumentError: The bundle does not know the camera.
            BundleError: As `file`; or the camera's numbers are damaged.
            IntegrityError: The file is not that of the manifest any more.
        """
        path = self.file(format)
        entry = self.manifest["files"][path.name]
        data = self._read(path.name, entry["sha256"], entry["bytes"])
        if camera is None:
            return data
        self.check_camera(camera)
        adaptation = self.read_adaptation()
        assert adaptation is not None
        return adaptation.patched(path.name, data, camera, str(path))

    def read_adaptation(self) -> Adaptation | None:
        """Read the numbers of all cameras; None if the bundle is adapted to none.

        Raises:
            BundleError: The file is missing, damaged or not for this network.
            IntegrityError: It is not that of the manifest.
        """
        if self.adaptation is None:
            return None
        data, source = self._read_listed(self._section("adaptation"))
        return Adaptation.from_bytes(data, self.adaptation, self.outputs, source)

    def release(self) -> None:
        """Forget the bytes that were hashed and that no engine has asked for."""
        self._hashed.clear()

    def golden(self) -> Golden:
        """Read the golden vectors.

        Raises:
            BundleError: The file is missing, damaged or not for this network.
            IntegrityError: It is not that of the manifest.
        """
        section = self._section("golden")
        data, source = self._read_listed(section)
        return Golden.from_bytes(data, section, self.inputs, self.outputs, source)

    def golden_decoded(self) -> DecodedGolden | None:
        """Read what the golden maps decode to; None of a bundle without such a file.

        Raises:
            BundleError: The file is missing, damaged or not for this network.
            IntegrityError: It is not that of the manifest.
        """
        section = self._section("golden")
        if "decoded" not in section.values:
            return None
        data, source = self._read_listed(section.section("decoded"))
        items = section.integer("items", 1, MAX_GOLDEN_ITEMS)
        return DecodedGolden.from_bytes(data, items, self.outputs, source)

    def _section(self, key: str) -> Section:
        return Section(self.manifest[key], str(self.path / MANIFEST_NAME), key)

    def _read_listed(self, entry: Section) -> tuple[bytes, str]:
        """The bytes of the file that a section names, and where they come from, for messages."""
        name = entry.text("file")
        return self._read(name, entry.text("sha256"), entry.values["bytes"]), str(self.path / name)

    def _read(self, name: str, sha256: str, size: int) -> bytes:
        if self.memory is not None:
            return require_given(self.path / name, self.memory.get(name))
        if name in self._hashed:
            return self._hashed.pop(name)
        try:
            data = read_limited(file_inside(self.path, name), MAX_FILE_BYTES)
        except OSError as error:
            raise BundleError(f"{self.path / name}: cannot be read: {error}") from error
        if len(data) != size or (self.verified and hashlib.sha256(data).hexdigest() != sha256):
            raise IntegrityError(f"{self.path / name}: it has changed; copy the bundle again")
        return data

"""What a bundle knows of single cameras: statistics of embeddings, and patches of its files.

A patch changes float constants inside a model file, so that all cameras share the 1-bit weights.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bireid_runtime.centring import MIN_DEVIATION
from bireid_runtime.errors import ArgumentError, BundleError
from bireid_runtime.manifest import Section
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.safetensors import read_safetensors, write_safetensors
from bireid_runtime.suggestions import hint

MAX_CAMERAS = 256
MAX_CROPS = 2**31 - 1
MAX_ADAPTATION_BYTES = 256 * 2**20
MAX_PATCHES = 1 << 16
CAMERA_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
EMBEDDING_LEVELS = ("none", "mean", "mean_and_deviation")

_NUMBER_BYTES = 4
_KEYS = ("file", "sha256", "bytes", "cameras", "embedding", "patches", "note")


@dataclass(frozen=True)
class Camera:
    """One camera.

    Attributes:
        name: A letter or digit, then up to 63 of `A-Za-z0-9._-`.
        crops: Crops that its numbers come from, at least 1.
    """

    name: str
    crops: int


@dataclass(frozen=True)
class Patch:
    """Where float32 numbers (little endian) of a model file differ between cameras.

    Attributes:
        offset: Of the first byte in the file.
        kind: `replace`: the camera has rows * row other numbers; `scale`: the camera has a factor
            per row, one float32 product each.
        rows: At least 1.
        row: Numbers of a row, at least 1.
    """

    offset: int
    kind: str
    rows: int
    row: int

    @property
    def end(self) -> int:
        """Offset of the first byte behind it."""
        return self.offset + self.rows * self.row * _NUMBER_BYTES

    @property
    def numbers(self) -> int:
        """How many numbers a camera has for it."""
        return self.rows * self.row if self.kind == "replace" else self.rows

    def to_manifest(self) -> dict[str, Any]:
        """Return the record as it stands in the manifest of a bundle."""
        return {"offset": self.offset, "kind": self.kind, "rows": self.rows, "row": self.row}

    @classmethod
    def from_manifest(cls, section: Section, size: int) -> "Patch":
        """Read the record, untrusted.

        Raises:
            BundleError: A key is malformed, or it ends behind a file of `size` bytes.
        """
        section.refuse_unknown(("offset", "kind", "rows", "row"))
        kind = section.text("kind")
        if kind not in ("replace", "scale"):
            raise section.error("kind", "must be 'replace' or 'scale'")
        rows = section.integer("rows", 1, max(1, size))
        row = section.integer("row", 1, max(1, size))
        patch = cls(section.integer("offset", 0, size), kind, rows, row)
        if patch.end > size:
            raise section.error("rows", f"leads behind the file, which has {size} bytes")
        return patch


@dataclass(frozen=True)
class AdaptationSpec:
    """The key `adaptation` of a manifest.

    Attributes:
        cameras: 1 to 256, their names unique.
        embedding: What is done to embeddings: one of `EMBEDDING_LEVELS`.
        patches: By the name of the model file, ascending and without overlap; files that are the
            same for all cameras are left out.
    """

    cameras: tuple[Camera, ...]
    embedding: str
    patches: Mapping[str, tuple[Patch, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the cameras, in their order."""
        return tuple(camera.name for camera in self.cameras)

    def to_manifest(self) -> dict[str, Any]:
        """Return what the manifest says beside the file and the note."""
        return {
            "cameras": [{"name": each.name, "crops": each.crops} for each in self.cameras],
            "embedding": self.embedding,
            "patches": {
                name: [patch.to_manifest() for patch in patches]
                for name, patches in self.patches.items()
            },
        }

    @classmethod
    def from_manifest(
        cls, section: Section, sizes: Mapping[str, int], outputs: Sequence[OutputSpec]
    ) -> "AdaptationSpec":
        """Read the record, untrusted.

        Args:
            section: `adaptation` of the manifest.
            sizes: Bytes of the model files by name.
            outputs: Those of the network.

        Raises:
            BundleError: A key is missing, unknown or malformed; it is named.
        """
        section.refuse_unknown(_KEYS)
        level = section.text("embedding")
        if level not in EMBEDDING_LEVELS:
            raise section.error("embedding", f"must be one of {', '.join(EMBEDDING_LEVELS)}")
        embeddings = [spec for spec in outputs if spec.kind == "embedding"]
        if level != "none" and len(embeddings) != 1:
            raise section.error(
                "embedding", f"needs one output of that kind, not {len(embeddings)}"
            )
        return cls(_read_cameras(section), level, _read_patches(section.section("patches"), sizes))


@dataclass(frozen=True, eq=False)
class Adaptation:
    """The numbers of all cameras.

    Attributes:
        spec: What the manifest says.
        means: float32 (cameras, D), or None.
        deviations: float32 (cameras, D), at least 1e-6, or None.
        numbers: By the name of the model file, float32 (cameras, total): those of its patches
            behind one another.
    """

    spec: AdaptationSpec
    means: np.ndarray | None
    deviations: np.ndarray | None
    numbers: Mapping[str, np.ndarray]

    def statistics(self, camera: str) -> tuple[np.ndarray, np.ndarray | None] | None:
        """Mean and deviation of a camera for `camera_statistics.centre`, or None."""
        if self.means is None:
            return None
        index = self.spec.names.index(camera)
        return self.means[index], None if self.deviations is None else self.deviations[index]

    def patched(self, name: str, data: bytes, camera: str, source: str) -> bytes:
        """The bytes of a model file for a camera.

        Args:
            name: Name of the file.
            data: Its bytes, as long as the manifest says.
            camera: Name of a camera.
            source: The file, for messages.

        Raises:
            BundleError: A product is not finite.
        """
        patches = self.spec.patches.get(name, ())
        if not patches:
            return data
        numbers = self.numbers[name][self.spec.names.index(camera)]
        result = bytearray(data)
        taken = 0
        for patch in patches:
            values = numbers[taken : taken + patch.numbers]
            taken += patch.numbers
            if patch.kind == "scale":
                old = np.frombuffer(data, "<f4", patch.rows * patch.row, patch.offset)
                with np.errstate(over="ignore", invalid="ignore"):
                    values = old.reshape(patch.rows, patch.row) * values[:, None]
                if not np.isfinite(values).all():
                    raise BundleError(
                        f"{source}: the patch at {patch.offset} for camera '{camera}' gives a "
                        "number that is not finite; adapt the bundle again"
                    )
            result[patch.offset : patch.end] = values.astype("<f4").tobytes()
        return bytes(result)

    def to_bytes(self) -> bytes:
        """Return the file: safetensors with `mean/I`, `deviation/I` and `patch/I/FILE`."""
        arrays: dict[str, np.ndarray] = {}
        for index in range(len(self.spec.cameras)):
            for what, rows in (("mean", self.means), ("deviation", self.deviations)):
                if rows is not None:
                    arrays[f"{what}/{index}"] = rows[index]
            arrays |= {f"patch/{index}/{name}": rows[index] for name, rows in self.numbers.items()}
        return write_safetensors(arrays)

    @classmethod
    def from_bytes(
        cls, data: bytes, spec: AdaptationSpec, outputs: Sequence[OutputSpec], source: str
    ) -> "Adaptation":
        """Read what `to_bytes` wrote.

        Args:
            data: The bytes of the file, untrusted.
            spec: What the manifest says.
            outputs: Those of the network.
            source: Where the bytes come from, for messages.

        Raises:
            BundleError: Damaged, other arrays than the manifest says, a number that is not finite,
                or a deviation below 1e-6.
        """
        arrays = read_safetensors(data, source)
        dims = {each.kind: each.shape[0] for each in outputs}
        totals = {
            name: sum(patch.numbers for patch in patches) for name, patches in spec.patches.items()
        }
        count = len(spec.cameras)

        def rows(pattern: str, length: int) -> np.ndarray:
            names = [pattern.format(index) for index in range(count)]
            return np.stack([_taken(arrays, name, length, source) for name in names])

        has_mean, has_deviation = spec.embedding != "none", spec.embedding == EMBEDDING_LEVELS[2]
        adaptation = cls(
            spec,
            rows("mean/{}", dims["embedding"]) if has_mean else None,
            rows("deviation/{}", dims["embedding"]) if has_deviation else None,
            {name: rows(f"patch/{{}}/{name}", total) for name, total in totals.items()},
        )
        if arrays:
            raise BundleError(f"{source}: tensor {min(arrays)!r} is not one of the manifest's")
        smallest = adaptation.deviations
        if smallest is not None and smallest.min() < np.float32(MIN_DEVIATION):
            raise BundleError(f"{source}: a deviation below {MIN_DEVIATION:g}; adapt again")
        return adaptation


def check_camera_name(camera: str | None, known: Sequence[str], path: Path) -> None:
    """Hold what a caller says of the camera to the cameras of a bundle.

    Args:
        camera: What the caller said, or None for nothing.
        known: Names of the cameras; none of a bundle that is not adapted.
        path: Of the bundle.

    Raises:
        ArgumentError: A name that is not known, or none where some are; the message lists them.
    """
    if camera is None and known:
        raise ArgumentError(f"{path}: adapted to single cameras; name one: {', '.join(known)}")
    if camera is None or camera in known:
        return
    if not known:
        raise ArgumentError(
            f"{path}: not adapted to cameras, so there is no camera '{camera}' in it; leave the "
            "camera out"
        )
    raise ArgumentError(f"{path}: no camera '{camera}'; {hint(camera, known)}")


def _read_cameras(section: Section) -> tuple[Camera, ...]:
    cameras: dict[str, Camera] = {}
    for entry in section.sections("cameras", 1, MAX_CAMERAS):
        entry.refuse_unknown(("name", "crops"))
        name = entry.text("name")
        if not CAMERA_NAME.fullmatch(name):
            raise entry.error("name", "must be a letter or digit, then up to 63 of A-Za-z0-9._-")
        if name in cameras:
            raise entry.error("name", f"is '{name}' once more")
        cameras[name] = Camera(name, entry.integer("crops", 1, MAX_CROPS))
    return tuple(cameras.values())


def _read_patches(section: Section, sizes: Mapping[str, int]) -> dict[str, tuple[Patch, ...]]:
    found: dict[str, tuple[Patch, ...]] = {}
    for name in section.values:
        if name not in sizes:
            raise section.error(name, "is no model file of this bundle")
        reached = 0
        patches = []
        for entry in section.sections(name, 1, MAX_PATCHES):
            patch = Patch.from_manifest(entry, sizes[name])
            if patch.offset < reached:
                raise entry.error("offset", f"is {patch.offset}, before the end of the last patch")
            reached = patch.end
            patches.append(patch)
        found[name] = tuple(patches)
    return found


def _taken(arrays: dict[str, np.ndarray], name: str, length: int, source: str) -> np.ndarray:
    if name not in arrays:
        raise BundleError(f"{source}: tensor {name!r} is missing")
    array = arrays.pop(name)
    if array.dtype != np.float32 or array.shape != (length,):
        raise BundleError(
            f"{source}: tensor {name!r}: expected float32 {(length,)}, got {array.dtype} "
            f"{array.shape}"
        )
    if not np.isfinite(array).all():
        raise BundleError(f"{source}: tensor {name!r}: not all numbers are finite")
    return array

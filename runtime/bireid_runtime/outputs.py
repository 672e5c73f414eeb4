"""What a network gives: named outputs, each of a kind. A further kind is one line of the table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bireid_runtime.boxes import SIDES, Decoding
from bireid_runtime.decoders import BOXES_DECODER, CORRELATION_DECODER, Decoder
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.manifest import Section
from bireid_runtime.matching import Matching
from bireid_runtime.tensors import check_spec, read_kind, read_name, read_shape, require_unique

MAX_CLASS_NAME = 200

# An int8 model reaches unit length only up to its rounding.
_UNIT_TOLERANCE = 0.01


@dataclass(frozen=True)
class OutputSpec:
    """One output of a network.

    Attributes:
        name: Its name in the model file and for callers.
        kind: A name of `OUTPUT_KINDS`.
        shape: Shape of one item, without the batch: `(D,)` of an embedding.
        details: What the kind needs beside: `metric` and `normalized` of an embedding, `classes`
            of logits, `classes` and `decode` of boxes, `decode` of a correlation.

    Raises:
        ArgumentError: A value breaks a rule of the manifest.
        UnsupportedModelError: An unknown kind.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_spec(self, _read_parts, "output")

    @classmethod
    def embedding(cls, name: str, dim: int) -> "OutputSpec":
        """Rows of unit length, to compare by cosine similarity."""
        return cls(name, "embedding", (dim,), {"metric": "cosine", "normalized": True})

    @classmethod
    def logits(cls, name: str, classes: Sequence[str]) -> "OutputSpec":
        """One number per class; their softmax is a probability."""
        return cls(name, "logits", (len(classes),), {"classes": list(classes)})

    @classmethod
    def boxes(
        cls, name: str, size: tuple[int, int], classes: Sequence[str], decoding: Decoding
    ) -> "OutputSpec":
        """A map of cells (rows, columns): a number per class, then the four sides of a box."""
        details = {"classes": list(classes), "decode": decoding.to_manifest()}
        return cls(name, "boxes", (*size, len(classes) + SIDES), details)

    @classmethod
    def correlation(
        cls, name: str, shape: tuple[int, int, int], matching: Matching
    ) -> "OutputSpec":
        """A map (rows, columns, channels) of which a part is sought in those of later frames."""
        return cls(name, "correlation", shape, {"decode": matching.to_manifest()})

    @classmethod
    def tensor(cls, name: str, shape: tuple[int, ...]) -> "OutputSpec":
        """Numbers without a meaning."""
        return cls(name, "tensor", shape)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes of logits or boxes, in the order of the numbers; else empty."""
        return tuple(self.details.get("classes", ()))

    def defect(self, rows: np.ndarray) -> tuple[int, str] | None:
        """Find a row that is not what the kind promises.

        Args:
            rows: float32 `(N, *shape)`, what an engine returned.

        Returns:
            Index of the first such row and what is wrong with it, or None.
        """
        return OUTPUT_KINDS[self.kind].defect(rows)

    def to_manifest(self) -> dict[str, Any]:
        """Return the record as it stands in the manifest of a bundle (JSON types only)."""
        return {
            "name": self.name,
            "kind": self.kind,
            "dtype": "float32",
            "shape": [None, *self.shape],
            **self.details,
        }

    @classmethod
    def from_manifest(cls, section: Section) -> "OutputSpec":
        """Read an entry of `outputs`, untrusted.

        Raises:
            BundleError: A key is missing or malformed; it is named.
            UnsupportedModelError: An unknown kind, or something that this version lacks.
        """
        return cls(*_read_parts(section))


@dataclass(frozen=True)
class OutputKind:
    """One line of the table.

    Attributes:
        read: Reads what the kind needs from its entry in the manifest.
        defect: See `OutputSpec.defect`.
        compares_cosine: Whether a tolerance of golden vectors has a `min_cosine`.
        face: The class that opens a bundle whose one output is of this kind.
        decoder: How golden maps are decoded; None where there is nothing to decode.
    """

    read: Callable[[Section, tuple[int, ...]], Mapping[str, Any]]
    defect: Callable[[np.ndarray], tuple[int, str] | None]
    compares_cosine: bool
    face: str
    decoder: Decoder | None = None


def _read_embedding(section: Section, shape: tuple[int, ...]) -> Mapping[str, Any]:
    if not section.boolean("normalized") or section.text("metric") != "cosine":
        raise UnsupportedModelError(
            f"{section.source}: embeddings must be normalized with metric 'cosine'; "
            "this version compares no others"
        )
    if len(shape) != 1:
        raise section.error("shape", "of an embedding must be null and one size")
    return {"metric": "cosine", "normalized": True}


def _read_logits(section: Section, shape: tuple[int, ...]) -> Mapping[str, Any]:
    classes = _read_classes(section)
    if shape != (len(classes),):
        raise section.error("shape", f"must be {[None, len(classes)]}, one number per class")
    require_unique(classes, section, "classes")
    return {"classes": classes}


def _read_boxes(section: Section, shape: tuple[int, ...]) -> Mapping[str, Any]:
    classes = _read_classes(section)
    channels = len(classes) + SIDES
    if not classes or len(shape) != 3 or shape[-1] != channels:
        raise section.error("shape", f"must be null, rows, columns and {channels} channels")
    require_unique(classes, section, "classes")
    decoding = Decoding.from_manifest(section.section("decode"))
    return {"classes": classes, "decode": decoding.to_manifest()}


def _read_correlation(section: Section, shape: tuple[int, ...]) -> Mapping[str, Any]:
    if len(shape) != 3 or shape[0] != shape[1]:
        raise section.error("shape", "must be null, rows, as many columns, and channels")
    matching = Matching.from_manifest(section.section("decode"), shape[0])
    return {"decode": matching.to_manifest()}


def _read_classes(section: Section) -> list[str]:
    classes = section.array("classes")
    for name in classes:
        if not isinstance(name, str) or not 1 <= len(name) <= MAX_CLASS_NAME:
            raise section.error("classes", f"must be texts of 1 to {MAX_CLASS_NAME} characters")
    return list(classes)


def _not_unit(rows: np.ndarray) -> tuple[int, str] | None:
    # A comparison with NaN is false, so this finds every number that is not finite too.
    unit = np.abs(np.linalg.norm(rows, axis=1) - 1.0) <= _UNIT_TOLERANCE
    return None if unit.all() else (int(np.argmin(unit)), "is not of unit length")


def _not_finite(rows: np.ndarray) -> tuple[int, str] | None:
    finite = np.isfinite(rows.reshape(len(rows), -1)).all(axis=1)
    return None if finite.all() else (int(np.argmin(finite)), "holds numbers that are not finite")


OUTPUT_KINDS: Mapping[str, OutputKind] = {
    "embedding": OutputKind(_read_embedding, _not_unit, compares_cosine=True, face="Extractor"),
    "logits": OutputKind(_read_logits, _not_finite, compares_cosine=False, face="Classifier"),
    "boxes": OutputKind(
        _read_boxes, _not_finite, compares_cosine=False, face="Detector", decoder=BOXES_DECODER
    ),
    "correlation": OutputKind(
        _read_correlation,
        _not_finite,
        compares_cosine=False,
        face="Tracker",
        decoder=CORRELATION_DECODER,
    ),
    "tensor": OutputKind(lambda *_: {}, _not_finite, compares_cosine=False, face="Session"),
}


def _read_parts(section: Section) -> tuple[str, str, tuple[int, ...], Mapping[str, Any]]:
    kind = read_kind(section, OUTPUT_KINDS)
    shape = read_shape(section)
    return read_name(section), kind, shape, OUTPUT_KINDS[kind].read(section, shape)

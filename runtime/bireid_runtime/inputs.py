"""What a network takes: named inputs, each of a kind. A further kind is one line of the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bireid_runtime.errors import ArgumentError, ImageError, UnsupportedModelError
from bireid_runtime.manifest import Section
from bireid_runtime.preprocess import Preprocess, preprocess
from bireid_runtime.resize import require_image
from bireid_runtime.tensors import check_spec, read_kind, read_name, read_shape


@dataclass(frozen=True)
class InputSpec:
    """One input of a network.

    Attributes:
        name: Its name in the model file and for callers.
        kind: A name of `INPUT_KINDS`.
        shape: Shape of one item, without the batch: `(H, W, C)` of an image.
        preprocess: How a raw item becomes network input; None if it is taken as it is.

    Raises:
        ArgumentError: A value breaks a rule of the manifest.
        UnsupportedModelError: An unknown kind.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    preprocess: Preprocess | None = None

    def __post_init__(self) -> None:
        check_spec(self, _read_parts, "input")

    @classmethod
    def image(cls, name: str, preprocess: Preprocess) -> "InputSpec":
        """An input of images: uint8 `(H, W, C)` of any size, through `preprocess`."""
        return cls(name, "image", preprocess.shape, preprocess)

    @classmethod
    def tensor(cls, name: str, shape: tuple[int, ...]) -> "InputSpec":
        """An input of float32 numbers without a meaning, taken as they are."""
        return cls(name, "tensor", shape)

    def check(self, item: object) -> None:
        """Check one raw item.

        Raises:
            ImageError: No uint8 image with the right channels.
            ArgumentError: Not what another kind takes.
        """
        INPUT_KINDS[self.kind].check(item, self)

    def prepare(self, item: np.ndarray) -> np.ndarray:
        """Turn one raw item into network input.

        Args:
            item: What the kind takes: uint8 `(H, W, C)` of any size for an image, float32 of
                `shape` for a tensor.

        Returns:
            float32 of `shape`.

        Raises:
            ImageError, ArgumentError: As `check`.
        """
        self.check(item)
        return INPUT_KINDS[self.kind].prepare(item, self)

    def to_manifest(self) -> dict[str, Any]:
        """Return the record as it stands in the manifest of a bundle (JSON types only)."""
        record: dict[str, Any] = {
            "name": self.name,
            "kind": self.kind,
            "dtype": "float32",
            "shape": [None, *self.shape],
        }
        if self.preprocess is not None:
            record |= {"layout": "NHWC", "preprocess": self.preprocess.to_manifest()}
        return record

    @classmethod
    def from_manifest(cls, section: Section) -> "InputSpec":
        """Read an entry of `inputs`, untrusted.

        Raises:
            BundleError: A key is missing or malformed; it is named.
            UnsupportedModelError: An unknown kind, or something that this version lacks.
        """
        return cls(*_read_parts(section))


@dataclass(frozen=True)
class InputKind:
    """One line of the table.

    Attributes:
        read: Reads what the kind needs from its entry in the manifest: `preprocess`, or nothing.
        check: Raises unless a raw item is what the kind takes.
        prepare: Turns a raw item into network input.
    """

    read: Callable[[Section, tuple[int, ...]], Preprocess | None]
    check: Callable[[object, InputSpec], None]
    prepare: Callable[[np.ndarray, InputSpec], np.ndarray]


def _read_image(section: Section, shape: tuple[int, ...]) -> Preprocess:
    if section.text("layout") != "NHWC":
        raise UnsupportedModelError(f"{section.source}: {section.path}.layout is not NHWC")
    spec = Preprocess.from_manifest(
        section.section("preprocess").values, section.source, f"{section.path}.preprocess"
    )
    if shape != spec.shape:
        raise section.error("shape", f"must be {[None, *spec.shape]} to agree with preprocess")
    return spec


def _check_image(item: object, spec: InputSpec) -> None:
    channels = spec.shape[-1]
    image = require_image(item, channels)
    if image.ndim != 3:
        raise ImageError(f"expected (H, W, {channels}), got {image.shape}")


def _prepare_image(item: np.ndarray, spec: InputSpec) -> np.ndarray:
    assert spec.preprocess is not None
    return preprocess(item, spec.preprocess)


def _check_tensor(item: object, spec: InputSpec) -> None:
    found = f"{item.dtype} {item.shape}" if isinstance(item, np.ndarray) else type(item).__name__
    if found != f"float32 {spec.shape}":
        raise ArgumentError(f"input '{spec.name}': expected float32 {spec.shape}, got {found}")


INPUT_KINDS: Mapping[str, InputKind] = {
    "image": InputKind(_read_image, _check_image, _prepare_image),
    "tensor": InputKind(lambda section, shape: None, _check_tensor, lambda item, spec: item),
}


def _read_parts(section: Section) -> tuple[str, str, tuple[int, ...], Preprocess | None]:
    kind = read_kind(section, INPUT_KINDS)
    shape = read_shape(section)
    return read_name(section), kind, shape, INPUT_KINDS[kind].read(section, shape)

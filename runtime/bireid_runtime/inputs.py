"""What a network takes: named inputs, each of a kind. A further kind is one line of the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bireid_runtime.clouds import CloudPreprocess, prepare_cloud, require_cloud
from bireid_runtime.errors import ArgumentError, ImageError, UnsupportedModelError
from bireid_runtime.manifest import Section
from bireid_runtime.outputs import OUTPUT_KINDS
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
        preprocess: How an image becomes network input; None of another kind.
        cloud: How a point cloud does; None of another kind.

    Raises:
        ArgumentError: A value breaks a rule of the manifest.
        UnsupportedModelError: An unknown kind.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    preprocess: Preprocess | None = None
    cloud: CloudPreprocess | None = None

    def __post_init__(self) -> None:
        check_spec(self, _read_parts, "input")

    @classmethod
    def image(cls, name: str, preprocess: Preprocess) -> "InputSpec":
        """An input of images: uint8 `(H, W, C)` of any size, through `preprocess`."""
        return cls(name, "image", preprocess.shape, preprocess)

    @classmethod
    def points(cls, name: str, cloud: CloudPreprocess) -> "InputSpec":
        """An input of point clouds: float32 `(M, 3)` of any number of points, through `cloud`."""
        return cls(name, "points", cloud.shape, cloud=cloud)

    @classmethod
    def tensor(cls, name: str, shape: tuple[int, ...]) -> "InputSpec":
        """An input of float32 numbers without a meaning, taken as they are."""
        return cls(name, "tensor", shape)

    def check(self, item: object) -> None:
        """Check one raw item.

        Raises:
            ImageError: No uint8 image with the right channels.
            CloudError: No float32 points `(M, 3)`, or they lie at one place.
            ArgumentError: Not what another kind takes.
        """
        INPUT_KINDS[self.kind].check(item, self)

    def prepare(self, item: np.ndarray) -> np.ndarray:
        """Turn one raw item into network input.

        Args:
            item: What the kind takes: uint8 `(H, W, C)` of any size for an image, float32 `(M, 3)`
                for points, float32 of `shape` for a tensor.

        Returns:
            float32 of `shape`.

        Raises:
            ImageError, CloudError, ArgumentError: As `check`.
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
        preparation = self.preprocess or self.cloud
        if preparation is not None:
            record |= {"layout": "NHWC", "preprocess": preparation.to_manifest()}
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
        read: Reads what the kind needs from its entry in the manifest: fields of `InputSpec`.
        check: Raises unless a raw item is what the kind takes.
        prepare: Turns a raw item into network input.
        faces: The class that opens a bundle with one such input, by the kind of its one output.
    """

    read: Callable[[Section, tuple[int, ...]], Mapping[str, Any]]
    check: Callable[[object, InputSpec], None]
    prepare: Callable[[np.ndarray, InputSpec], np.ndarray]
    faces: Mapping[str, str]


def _require_layout(section: Section) -> None:
    if section.text("layout") != "NHWC":
        raise UnsupportedModelError(f"{section.source}: {section.path}.layout is not NHWC")


def _read_image(section: Section, shape: tuple[int, ...]) -> Mapping[str, Any]:
    _require_layout(section)
    spec = Preprocess.from_manifest(
        section.section("preprocess").values, section.source, f"{section.path}.preprocess"
    )
    if shape != spec.shape:
        raise section.error("shape", f"must be {[None, *spec.shape]} to agree with preprocess")
    return {"preprocess": spec}


def _read_points(section: Section, shape: tuple[int, ...]) -> Mapping[str, Any]:
    _require_layout(section)
    spec = CloudPreprocess.from_manifest(section.section("preprocess"))
    if shape != spec.shape:
        raise section.error("shape", f"must be {[None, *spec.shape]} to agree with preprocess")
    return {"cloud": spec}


def _check_image(item: object, spec: InputSpec) -> None:
    channels = spec.shape[-1]
    image = require_image(item, channels)
    if image.ndim != 3:
        raise ImageError(f"expected (H, W, {channels}), got {image.shape}")


def _prepare_image(item: np.ndarray, spec: InputSpec) -> np.ndarray:
    assert spec.preprocess is not None
    return preprocess(item, spec.preprocess)


def _check_points(item: object, spec: InputSpec) -> None:
    assert spec.cloud is not None
    require_cloud(item, spec.cloud)


def _prepare_points(item: np.ndarray, spec: InputSpec) -> np.ndarray:
    assert spec.cloud is not None
    return prepare_cloud(item, spec.cloud)


def _check_tensor(item: object, spec: InputSpec) -> None:
    found = f"{item.dtype} {item.shape}" if isinstance(item, np.ndarray) else type(item).__name__
    if found != f"float32 {spec.shape}":
        raise ArgumentError(f"input '{spec.name}': expected float32 {spec.shape}, got {found}")


INPUT_KINDS: Mapping[str, InputKind] = {
    "image": InputKind(
        _read_image,
        _check_image,
        _prepare_image,
        {kind: row.face for kind, row in OUTPUT_KINDS.items()},
    ),
    "points": InputKind(
        _read_points, _check_points, _prepare_points, {"logits": "PointClassifier"}
    ),
    "tensor": InputKind(lambda section, shape: {}, _check_tensor, lambda item, spec: item, {}),
}


def _read_parts(section: Section) -> tuple[Any, ...]:
    kind = read_kind(section, INPUT_KINDS)
    shape = read_shape(section)
    details = INPUT_KINDS[kind].read(section, shape)
    return read_name(section), kind, shape, details.get("preprocess"), details.get("cloud")

"""Golden vectors: inputs with known outputs, by which a device checks itself."""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bireid_runtime.errors import BireidError, BundleError
from bireid_runtime.inputs import InputSpec
from bireid_runtime.manifest import Section
from bireid_runtime.outputs import OUTPUT_KINDS, OutputSpec
from bireid_runtime.safetensors import read_safetensors, write_safetensors

if TYPE_CHECKING:
    from bireid_runtime.adaptation import AdaptationSpec

MAX_GOLDEN_BYTES = 64 * 2**20
MAX_GOLDEN_ITEMS = 64


@dataclass(frozen=True)
class Tolerance:
    """How far an engine may be off in one output.

    Attributes:
        max_abs: Largest difference allowed in any number, positive.
        min_cosine: Smallest cosine similarity allowed in any row, -1 to 1; None for a kind of
            output that is not compared so.
    """

    max_abs: float
    min_cosine: float | None = None

    def to_manifest(self) -> dict[str, float]:
        """Return the record as it stands in the manifest of a bundle."""
        record = {"max_abs": self.max_abs}
        return record if self.min_cosine is None else {**record, "min_cosine": self.min_cosine}

    @classmethod
    def from_manifest(cls, section: Section, spec: OutputSpec) -> "Tolerance":
        """Read the tolerance of an output, untrusted.

        Raises:
            BundleError: A key is missing, unknown or out of range; it is named.
        """
        cosine = OUTPUT_KINDS[spec.kind].compares_cosine
        section.refuse_unknown(("max_abs", "min_cosine") if cosine else ("max_abs",))
        max_abs = section.number("max_abs")
        if max_abs <= 0:
            raise section.error("max_abs", "must be positive")
        if not cosine:
            return cls(max_abs)
        min_cosine = section.number("min_cosine")
        if not -1.0 <= min_cosine <= 1.0:
            raise section.error("min_cosine", "must lie in -1..1")
        return cls(max_abs, min_cosine)


@dataclass(frozen=True, eq=False)
class Golden:
    """Raw inputs, their outputs by the reference engine, and how far an engine may be off.

    Attributes:
        inputs: By name, one raw item after the other, 1 to 64 of them: uint8 `(H, W, C)` of its
            own size for an image, float32 of the input's shape for a tensor.
        outputs: By name, float32 `(N, ...)`, finite, one row per item.
        tolerances: By name of the output.
        cameras: Name of the camera of each item, for a network that is adapted to cameras; else
            empty.
    """

    inputs: Mapping[str, tuple[np.ndarray, ...]]
    outputs: Mapping[str, np.ndarray]
    tolerances: Mapping[str, Tolerance]
    cameras: tuple[str, ...] = ()

    @property
    def items(self) -> int:
        """N, how many items there are."""
        return len(next(iter(self.outputs.values())))

    def check(self, inputs: Sequence[InputSpec], outputs: Sequence[OutputSpec]) -> None:
        """Hold the vectors to the network that they are for.

        Raises:
            BundleError: A name, number, shape or dtype is not what the network takes or gives.
        """
        _require_names("inputs", self.inputs, inputs)
        _require_names("outputs", self.outputs, outputs)
        _require_names("tolerances", self.tolerances, outputs)
        if not 1 <= self.items <= MAX_GOLDEN_ITEMS:
            raise BundleError(f"golden vectors: {self.items} items; 1 to {MAX_GOLDEN_ITEMS} fit")
        if self.cameras and len(self.cameras) != self.items:
            raise BundleError(f"golden vectors: {len(self.cameras)} cameras of {self.items} items")
        for taken in inputs:
            items = self.inputs[taken.name]
            if len(items) != self.items:
                raise BundleError(f"golden input '{taken.name}': {len(items)} of {self.items}")
            for index, item in enumerate(items):
                _check_item(taken, index, item)
        for given in outputs:
            _check_rows(given, self.outputs[given.name], self.items)

    def to_bytes(self) -> bytes:
        """Return the file: safetensors with `input/NAME/INDEX` and `output/NAME/INDEX`."""
        arrays: dict[str, np.ndarray] = {}
        for name, items in self.inputs.items():
            arrays |= {f"input/{name}/{index}": item for index, item in enumerate(items)}
        for name, rows in self.outputs.items():
            arrays |= {f"output/{name}/{index}": row for index, row in enumerate(rows)}
        return write_safetensors(arrays)

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        section: Section,
        inputs: Sequence[InputSpec],
        outputs: Sequence[OutputSpec],
        source: str,
    ) -> "Golden":
        """Read what `to_bytes` wrote.

        Args:
            data: The bytes of the file, untrusted.
            section: `golden` of the manifest: number of items and tolerances.
            inputs: Those of the network.
            outputs: Those of the network.
            source: Where the bytes come from, for messages.

        Raises:
            BundleError: Damaged, too large, or not for this network.
        """
        count = section.integer("items", 1, MAX_GOLDEN_ITEMS)
        tolerances = read_tolerances(section, outputs)
        expected = {
            f"{side}/{spec.name}/{index}"
            for side, specs in (("input", inputs), ("output", outputs))
            for spec in specs
            for index in range(count)
        }
        arrays = read_golden_tensors(data, expected, source)
        for spec in outputs:
            for index in range(count):
                _check_row(source, spec, index, arrays[f"output/{spec.name}/{index}"])
        golden = cls(
            inputs={
                spec.name: tuple(arrays[f"input/{spec.name}/{index}"] for index in range(count))
                for spec in inputs
            },
            outputs={
                spec.name: np.stack(
                    [arrays[f"output/{spec.name}/{index}"] for index in range(count)]
                )
                for spec in outputs
            },
            tolerances=tolerances,
            cameras=tuple(section.array("cameras")) if "cameras" in section.values else (),
        )
        try:
            golden.check(inputs, outputs)
        except BundleError as error:
            raise BundleError(f"{source}: {error}") from error
        return golden


def read_golden_tensors(data: bytes, names: Set[str], source: str) -> dict[str, np.ndarray]:
    """The tensors of a file of golden vectors, which must have just these names.

    Raises:
        BundleError: Damaged, too large, or others.
    """
    if len(data) > MAX_GOLDEN_BYTES:
        raise BundleError(f"{source}: larger than the limit of {MAX_GOLDEN_BYTES} bytes")
    arrays = read_safetensors(data, source)
    if arrays.keys() != names:
        name = min(arrays.keys() ^ names)
        what = "is missing" if name in names else "is not one of this network's"
        raise BundleError(f"{source}: tensor {name!r} {what}")
    return arrays


def read_tolerances(section: Section, outputs: Sequence[OutputSpec]) -> dict[str, Tolerance]:
    """Read `golden.tolerances` of a manifest: one entry per output.

    Raises:
        BundleError: An entry is missing, unknown or malformed; it is named.
    """
    tolerances = section.section("tolerances")
    tolerances.refuse_unknown(spec.name for spec in outputs)
    return {
        spec.name: Tolerance.from_manifest(tolerances.section(spec.name), spec) for spec in outputs
    }


def read_cameras(section: Section, adaptation: "AdaptationSpec | None") -> tuple[str, ...]:
    """Read `golden.cameras` of a manifest: the camera of each item.

    Args:
        section: `golden` of the manifest.
        adaptation: The cameras that the network is adapted to, if it is.

    Raises:
        BundleError: It is missing for an adapted network, there for another one, of another
            length than there are items, names an unknown camera, or leaves one out though there
            is room for it.
    """
    if adaptation is None:
        if "cameras" in section.values:
            raise section.error("cameras", "goes with the key 'adaptation' alone")
        return ()
    cameras = section.array("cameras")
    items = section.integer("items", 1, MAX_GOLDEN_ITEMS)
    known = adaptation.names
    if len(cameras) != items or not all(each in known for each in cameras):
        raise section.error("cameras", f"must be {items} names of cameras of this bundle")
    if len(set(cameras)) < min(len(known), MAX_GOLDEN_ITEMS):
        raise section.error("cameras", "leaves out a camera of this bundle")
    return tuple(cameras)


def _require_names(
    what: str, values: Mapping[str, Any], specs: Sequence[InputSpec] | Sequence[OutputSpec]
) -> None:
    expected = {spec.name for spec in specs}
    if values.keys() != expected:
        raise BundleError(
            f"golden {what} are {sorted(values)}, those of the network {sorted(expected)}"
        )


def _check_item(spec: InputSpec, index: int, item: object) -> None:
    try:
        spec.check(item)
    except BireidError as error:
        raise BundleError(f"golden input '{spec.name}' {index}: {error}") from error


def _check_row(source: str, spec: OutputSpec, index: int, row: np.ndarray) -> None:
    if row.dtype != np.float32 or row.shape != spec.shape:
        raise BundleError(
            f"{source}: golden output '{spec.name}' {index}: expected float32 {spec.shape}, got "
            f"{row.dtype} {row.shape}"
        )


def _check_rows(spec: OutputSpec, rows: np.ndarray, count: int) -> None:
    if rows.dtype != np.float32 or rows.shape != (count, *spec.shape):
        raise BundleError(
            f"golden output '{spec.name}': expected float32 {(count, *spec.shape)}, got "
            f"{rows.dtype} {rows.shape}"
        )
    if not math.isfinite(float(np.abs(rows).max())):
        raise BundleError(f"golden output '{spec.name}': not all numbers are finite")

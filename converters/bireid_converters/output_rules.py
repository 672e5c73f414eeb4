"""What the converters know of each kind of output; one line of the table per kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from bireid_runtime.boxes import decode, iou, read_decoding
from bireid_runtime.matching import read_matching
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.responses import correlate, exemplar_of, searches_of

_SAME_BOX = 0.95
# Of the height of a response.
_SAME_RESPONSE = 0.01


@dataclass(frozen=True)
class OutputRule:
    """One line of the table.

    Attributes:
        scale: The size of outputs `(N, ...)` that a tolerance is relative to.
        golden_cosine: Smallest cosine that a device may have with a golden output, or None.
        phrase: Says to a person what comes out.
        agree: Whether items agree that differ by more than the tolerance: bool (N,) from the spec,
            what was found and what was expected, both (N, ...). None: they do not.
        rounding: How much further two engines may lie apart that compute the same 1-bit layers, by
            the order in which a real-valued last layer sums, as a multiple of what they may for an
            embedding.
    """

    scale: Callable[[np.ndarray], float]
    golden_cosine: float | None
    phrase: Callable[[OutputSpec], str]
    agree: Callable[[OutputSpec, np.ndarray, np.ndarray], np.ndarray] | None = None
    rounding: float = 1.0


def _unit(values: np.ndarray) -> float:
    return 1.0


def _largest(values: np.ndarray) -> float:
    return max(1.0, float(np.abs(values).max(initial=0.0)))


def _embedding_phrase(spec: OutputSpec) -> str:
    return f"an embedding of {spec.shape[0]} numbers and unit length"


def _logits_phrase(spec: OutputSpec) -> str:
    return f"one number for each of {len(spec.classes)} classes"


def _boxes_phrase(spec: OutputSpec) -> str:
    rows, columns = spec.shape[:2]
    return f"a map of {rows}x{columns} cells with boxes of {len(spec.classes)} classes"


def _same_boxes(spec: OutputSpec, found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Whether both maps give as many boxes, each with a partner of its class at IoU > 0.95."""
    decoding = read_decoding(spec.details)
    size = (spec.shape[0] * decoding.stride, spec.shape[1] * decoding.stride)

    def same(one: np.ndarray, other: np.ndarray) -> bool:
        a, b = (decode(each, decoding, size, size) for each in (one, other))
        if len(a.scores) != len(b.scores):
            return False
        near = iou(a.corners.astype(np.float64), b.corners.astype(np.float64)) > _SAME_BOX
        near &= a.labels[:, None] == b.labels[None, :]
        return bool(near.any(axis=0).all() and near.any(axis=1).all())

    return np.array([same(*each) for each in zip(found, expected, strict=True)], bool)


def _correlation_phrase(spec: OutputSpec) -> str:
    rows, columns, channels = spec.shape
    return f"a map of {rows}x{columns} cells with {channels} numbers each, to seek a target in"


def _same_responses(spec: OutputSpec, found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Whether the target of the expected map has the same response in both, up to a hundredth."""
    matching = read_matching(spec.details)

    def same(one: np.ndarray, other: np.ndarray) -> bool:
        searches = searches_of(np.stack([one, other]), matching)
        responses = correlate(exemplar_of(other, matching), searches)
        height = float(responses[1].max() - responses[1].min())
        return bool(np.abs(responses[0] - responses[1]).max() <= _SAME_RESPONSE * height)

    return np.array([same(*each) for each in zip(found, expected, strict=True)], bool)


def _tensor_phrase(spec: OutputSpec) -> str:
    return f"an array of {'x'.join(map(str, spec.shape))} numbers"


OUTPUT_RULES: Mapping[str, OutputRule] = {
    "embedding": OutputRule(_unit, 0.999, _embedding_phrase),
    "logits": OutputRule(_largest, None, _logits_phrase, rounding=10.0),
    "boxes": OutputRule(_largest, None, _boxes_phrase, _same_boxes),
    "correlation": OutputRule(_largest, None, _correlation_phrase, _same_responses),
    "tensor": OutputRule(_largest, None, _tensor_phrase),
}

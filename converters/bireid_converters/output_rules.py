"""What the converters know of each kind of output; one line of the table per kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from bireid_runtime.outputs import OutputSpec


@dataclass(frozen=True)
class OutputRule:
    """One line of the table.

    Attributes:
        scale: The size of outputs `(N, ...)` that a tolerance is relative to.
        golden_cosine: Smallest cosine that a device may have with a golden output, or None.
        phrase: Says to a person what comes out.
    """

    scale: Callable[[np.ndarray], float]
    golden_cosine: float | None
    phrase: Callable[[OutputSpec], str]


def _unit(values: np.ndarray) -> float:
    return 1.0


def _largest(values: np.ndarray) -> float:
    return max(1.0, float(np.abs(values).max(initial=0.0)))


def _embedding_phrase(spec: OutputSpec) -> str:
    return f"an embedding of {spec.shape[0]} numbers and unit length"


def _logits_phrase(spec: OutputSpec) -> str:
    return f"one number for each of {len(spec.classes)} classes"


def _tensor_phrase(spec: OutputSpec) -> str:
    return f"an array of {'x'.join(map(str, spec.shape))} numbers"


OUTPUT_RULES: Mapping[str, OutputRule] = {
    "embedding": OutputRule(_unit, 0.999, _embedding_phrase),
    "logits": OutputRule(_largest, None, _logits_phrase),
    "tensor": OutputRule(_largest, None, _tensor_phrase),
}

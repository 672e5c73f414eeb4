"""The gate of a network in integers, which rounds too much for that of the others."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.outputs import OutputSpec

from bireid_converters.named_model import Arrays, NamedModel
from bireid_converters.parity.agreement import compare
from bireid_converters.parity.report import Agreement, ParityThresholds

MIN_MEAN_COSINE = 0.9
_LONGEST_REASON = 160


@dataclass(frozen=True)
class QuantisedParity:
    """A file in integers against the network that was trained.

    Attributes:
        agreement: Its outputs beside those of Keras.
        failure: One line on what is not reached, or None.
    """

    agreement: Agreement
    failure: str | None

    @property
    def passed(self) -> bool:
        """Whether the file is sound."""
        return self.failure is None

    def to_manifest(self) -> dict[str, Any]:
        """JSON-able form."""
        return {
            "passed": self.passed,
            "failure": self.failure,
            "min_mean_cosine": MIN_MEAN_COSINE,
            **asdict(self.agreement),
        }


def check_quantised(
    network: NamedModel, data: bytes, inputs: Arrays, outputs: Sequence[OutputSpec]
) -> QuantisedParity:
    """Run a file of TensorFlow Lite's own operators in LiteRT, and compare directions.

    What 8 bits cost in scores is for a measurement on data to say; this finds files that lost their
    network: every output must be finite, and keep a mean cosine of `MIN_MEAN_COSINE` to Keras.

    Args:
        network: The trained network.
        data: Bytes of the `.tflite` file.
        inputs: Prepared inputs, float32 (N, ...) by name.
        outputs: What the network gives.

    Raises:
        UnsupportedModelError: LiteRT cannot open or run the file.
    """
    found = _run(data, inputs)
    agreement = compare(found, network.run(inputs), outputs, ParityThresholds().tolerance)
    wrong = [name for name, value in found.items() if not np.isfinite(value).all()]
    failure = None
    if wrong:
        failure = f"the output {wrong[0]!r} is not finite"
    elif agreement.mean_cosine < MIN_MEAN_COSINE:
        failure = (
            f"mean cosine {agreement.mean_cosine:.4f} to Keras on {agreement.crops} items "
            f"({MIN_MEAN_COSINE:g} needed)"
        )
    return QuantisedParity(agreement, failure)


def _run(data: bytes, inputs: Arrays) -> dict[str, np.ndarray]:
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_content=data, num_threads=1)
        runner: Any = interpreter.get_signature_runner("serving_default")
        count = len(next(iter(inputs.values())))
        rows = [
            runner(**{name: value[row : row + 1] for name, value in inputs.items()})
            for row in range(count)
        ]
    except (ValueError, RuntimeError) as error:
        raise UnsupportedModelError(
            f"LiteRT cannot run this network in int8; leave the format out ({_reason(error)})"
        ) from error
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


def _reason(error: Exception) -> str:
    """What LiteRT says, which repeats itself without a blank between."""
    text = " ".join(str(error).split())
    return re.sub(r"^(.{8,}?)\1+", r"\1; ", text)[:_LONGEST_REASON]

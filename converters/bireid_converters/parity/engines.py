"""Parity of the files of a bundle among themselves, when the trained network is not at hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from bireid_runtime.outputs import OutputSpec

from bireid_converters.errors import ConversionError
from bireid_converters.named_model import Arrays
from bireid_converters.parity.agreement import agreement
from bireid_converters.parity.converted_file import ConvertedFile
from bireid_converters.parity.report import Agreement, ParityThresholds


@dataclass(frozen=True)
class EngineComparison:
    """Files of a bundle against each other.

    Attributes:
        agreements: Pair of formats, `lce vs onnx`, to how they agree.
        failures: Of the pairs that do not, one line on what is wrong.
    """

    agreements: Mapping[str, Agreement]
    failures: Mapping[str, str]

    @property
    def passed(self) -> bool:
        """Whether every comparison passed."""
        return not self.failures


def compare_engines(
    files: Mapping[str, ConvertedFile],
    inputs: Arrays,
    outputs: Sequence[OutputSpec],
    thresholds: ParityThresholds | None = None,
) -> EngineComparison:
    """Compare converted files, each in its own engine, pair by pair.

    Args:
        files: Opened files by the name of their format, at least two.
        inputs: Prepared inputs, float32 (N, ...) by name.
        outputs: What the network gives.
        thresholds: What each pair must reach; None for the defaults.

    Raises:
        ConversionError: There is nothing to compare.
        UnsupportedModelError: An engine cannot run its file.
    """
    thresholds = thresholds or ParityThresholds()
    if len(files) < 2:
        raise ConversionError(f"nothing to compare: {len(files)} file; give a second format")
    computed = {name: file.run(inputs) for name, file in files.items()}
    agreements, failures = {}, {}
    for first, second in combinations(computed, 2):
        result = agreement(
            computed[first], computed[second], outputs, inputs, files[second].run, thresholds
        )
        pair = f"{first} vs {second}"
        agreements[pair] = result
        failure = result.failure(second, thresholds)
        if failure:
            failures[pair] = f"{first}: {failure}"
    return EngineComparison(agreements, failures)

"""Parity of the files of a bundle among themselves, when the trained network is not at hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bireid_converters.errors import ConversionError
from bireid_converters.parity.agreement import agreement
from bireid_converters.parity.converted_file import open_converted_file
from bireid_converters.parity.report import Agreement, ParityThresholds


@dataclass(frozen=True)
class EngineComparison:
    """Files of a bundle against each other.

    Attributes:
        failure: One line on the first thing that is wrong, or None.
        agreements: Pair of formats, `lce vs onnx`, to how they agree.
    """

    failure: str | None
    agreements: Mapping[str, Agreement]

    @property
    def passed(self) -> bool:
        """Whether every comparison passed."""
        return self.failure is None


def compare_engines(
    files: Mapping[str, bytes],
    images: np.ndarray,
    thresholds: ParityThresholds | None = None,
) -> EngineComparison:
    """Compare converted files, each in its own engine, pair by pair.

    Args:
        files: Bytes by format, `lce` and `onnx`; at least two.
        images: Preprocessed crops, float32 (N, H, W, 3).
        thresholds: What each pair must reach; None for the defaults.

    Raises:
        ConversionError: There is nothing to compare, or a format has no binary network.
        UnsupportedModelError: A file is damaged, or its engine cannot load it.
    """
    thresholds = thresholds or ParityThresholds()
    if len(files) < 2:
        raise ConversionError(f"nothing to compare: {len(files)} file; give a second format")
    opened = {name: open_converted_file(name, data) for name, data in files.items()}
    embedded = {name: file.embed(images) for name, file in opened.items()}
    agreements, failures = {}, []
    for first, second in combinations(embedded, 2):
        result = agreement(
            embedded[first], embedded[second], images, opened[second].embed, thresholds
        )
        agreements[f"{first} vs {second}"] = result
        failure = result.failure(second, thresholds)
        if failure:
            failures.append(f"{first}: {failure}")
    return EngineComparison(failure=failures[0] if failures else None, agreements=agreements)

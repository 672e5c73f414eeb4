"""Parity of the files of a bundle among themselves, when the trained network is not at hand."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from bireid_converters.errors import ConversionError
from bireid_converters.parity.agreement import agreement
from bireid_converters.parity.converted_file import open_converted_file
from bireid_converters.parity.report import Agreement, ParityThresholds


@dataclass(frozen=True)
class Golden:
    """Crops with known embeddings, as a bundle carries them.

    Attributes:
        images: Preprocessed crops, float32 (N, H, W, 3).
        embeddings: float32 (N, D), what the trained network computed.
        tolerance: Largest absolute difference allowed.
    """

    images: np.ndarray
    embeddings: np.ndarray
    tolerance: float = 1e-3


@dataclass(frozen=True)
class EngineComparison:
    """Files of a bundle against each other and against golden embeddings.

    Attributes:
        failure: One line on the first thing that is wrong, or None.
        agreements: Pair of formats, `lce vs onnx`, to how they agree.
        golden_differences: Format to the largest absolute difference from the golden embeddings.
    """

    failure: str | None
    agreements: Mapping[str, Agreement]
    golden_differences: Mapping[str, float]

    @property
    def passed(self) -> bool:
        """Whether every comparison passed."""
        return self.failure is None

    def to_manifest(self) -> dict[str, Any]:
        """JSON-able form."""
        return {
            "passed": self.passed,
            "failure": self.failure,
            "agreements": {pair: asdict(result) for pair, result in self.agreements.items()},
            "golden_differences": dict(self.golden_differences),
        }


def compare_engines(
    files: Mapping[str, bytes],
    images: np.ndarray,
    thresholds: ParityThresholds | None = None,
    golden: Golden | None = None,
) -> EngineComparison:
    """Compare converted files, each in its own engine, pair by pair.

    Args:
        files: Bytes by format, `lce` and `onnx`.
        images: Preprocessed crops, float32 (N, H, W, 3).
        thresholds: What each pair must reach; None for the defaults.
        golden: Crops with known embeddings that every file must reproduce.

    Raises:
        ConversionError: There is nothing to compare, or a format has no binary network.
        UnsupportedModelError: A file is damaged, or its engine cannot load it.
    """
    thresholds = thresholds or ParityThresholds()
    if len(files) < 2 and golden is None:
        raise ConversionError(
            f"nothing to compare: {len(files)} file and no golden crops; give a second format"
        )
    opened = {name: open_converted_file(name, data) for name, data in files.items()}
    golden_differences = {}
    if golden is not None:
        for name, file in opened.items():
            found = file.embed(golden.images)
            golden_differences[name] = _largest_difference(found, golden.embeddings)
    agreements, failures = {}, []
    for name, difference in golden_differences.items():
        if golden is not None and not difference <= golden.tolerance:
            failures.append(
                f"{name}: golden embeddings differ by {difference:.2g} ({golden.tolerance:g} "
                "allowed); convert the network again"
            )
    embedded = {name: file.embed(images) for name, file in opened.items()} if files else {}
    for first, second in combinations(embedded, 2):
        result = agreement(
            embedded[first], embedded[second], images, opened[second].embed, thresholds
        )
        agreements[f"{first} vs {second}"] = result
        failure = result.failure(second, thresholds)
        if failure:
            failures.append(f"{first}: {failure}")
    return EngineComparison(
        failure=failures[0] if failures else None,
        agreements=agreements,
        golden_differences=golden_differences,
    )


def _largest_difference(found: np.ndarray, expected: np.ndarray) -> float:
    if found.shape != expected.shape:
        return float("inf")
    return float(np.abs(found - expected).max())

"""What the parity gate found."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol


class GateReport(Protocol):
    """What a gate reports."""

    @property
    def passed(self) -> bool:
        """Whether every file computes what was trained."""

    @property
    def failure(self) -> str | None:
        """One line on the first failure, or None."""

    def to_manifest(self) -> dict[str, Any]:
        """JSON-able form."""


@dataclass(frozen=True)
class ParityThresholds:
    """What a converted file must reach.

    A binary network amplifies a single sign that flips by rounding, so that no engine agrees with
    another on every crop: integer layers are compared exactly, the whole network statistically. The
    number of signs grows with the input and the width: a sound file of a 256x128 network may well
    miss `min_agreeing_share`. It then has to agree as often as the trained network agrees with
    itself when `control_noise` is added to the crops, and no layer may diverge on most crops.

    Attributes:
        tolerance: Largest absolute difference between two outputs that agree: of an embedding as
            it is, of other kinds times the largest number of the reference if that is above 1.
        min_agreeing_share: Share of the crops that must agree in all outputs, 0..1.
        min_mean_cosine: Mean cosine between each output of the crops, agreeing or not.
        fold_tolerance: Relative difference allowed to the folded multiplier and bias of a binary
            layer.
        control_noise: Standard deviation of the noise on the preprocessed crops. The rounding of
            an engine acts like noise of 1e-6 to 3e-6.
    """

    tolerance: float = 1e-3
    min_agreeing_share: float = 0.85
    min_mean_cosine: float = 0.98
    fold_tolerance: float = 1e-5
    control_noise: float = 1e-5


@dataclass(frozen=True)
class Agreement:
    """How two sets of outputs of the same crops compare.

    Attributes:
        crops: Number of crops, or of what else the network takes.
        agreeing_share: Share of which all outputs lie within the tolerance, 0..1.
        mean_cosine: Mean cosine of the output whose mean is smallest, -1..1.
        control_share: Share that the reference reaches against itself under noise; None where it
            was not needed.
    """

    crops: int
    agreeing_share: float
    mean_cosine: float
    control_share: float | None = None

    def failure(self, reference: str, thresholds: ParityThresholds) -> str | None:
        """One line on what is not reached, or None."""
        needed, control = thresholds.min_agreeing_share, ""
        if self.control_share is not None and self.control_share < needed:
            needed = self.control_share
            control = f" because {reference} with noise agrees that often with itself"
        if self.agreeing_share >= needed and self.mean_cosine >= thresholds.min_mean_cosine:
            return None
        return (
            f"{self.agreeing_share:.0%} of {self.crops} crops within {thresholds.tolerance:g} of "
            f"{reference} ({needed:.0%} needed{control}), mean cosine "
            f"{self.mean_cosine:.4f} ({thresholds.min_mean_cosine:g} needed)"
        )


@dataclass(frozen=True)
class BinaryLayerParity:
    """One binary layer alone, on the same random signs.

    Attributes:
        name: Layer name.
        flipped_weights: Weights whose sign differs from the trained kernel's.
        wrong_sums: Outputs whose whole-numbered sum differs from Keras'.
        fold_error: Largest relative difference of the folded multiplier and bias.
        failure: What is wrong, or None.
    """

    name: str
    flipped_weights: int
    wrong_sums: int
    fold_error: float
    failure: str | None


@dataclass(frozen=True)
class LayerDifference:
    """The output of a layer, or of layers fused into one, while the whole network runs.

    Attributes:
        name: First layer of those fused: `stage2_unit1_conv`.
        output: Last layer of those fused, whose output was compared: `stage2_unit1_bn`.
        max_difference: Largest absolute difference over all crops.
        agreeing_share: Share of the crops whose output agrees, 0..1.
        diverging_share: Share of the crops that diverge here, of those whose inputs still agreed;
            None when those are too few to tell.
    """

    name: str
    output: str
    max_difference: float
    agreeing_share: float
    diverging_share: float | None


@dataclass(frozen=True)
class FormatParity:
    """One converted file against Keras.

    Attributes:
        format: Name in the format table.
        failure: One line on the first thing that is wrong, or None.
        binary_operators: Binary operators in the file.
        missing: Declared binary layers that the file computes in float, and why.
        binary_layers: Each binary layer alone.
        agreement: The whole network.
        layers: The walk through the network; empty unless it failed or was asked for.
    """

    format: str
    failure: str | None
    binary_operators: int
    missing: Mapping[str, str]
    binary_layers: tuple[BinaryLayerParity, ...]
    agreement: Agreement
    layers: tuple[LayerDifference, ...]

    def to_manifest(self) -> dict[str, Any]:
        """JSON-able summary."""
        return {
            "passed": self.failure is None,
            "failure": self.failure,
            "binary_layers": self.binary_operators,
            "exact_binary_layers": sum(
                not layer.wrong_sums and not layer.flipped_weights for layer in self.binary_layers
            ),
            "largest_fold_error": max((each.fold_error for each in self.binary_layers), default=0),
            **asdict(self.agreement),
        }


@dataclass(frozen=True)
class ParityReport:
    """All converted files against Keras.

    Attributes:
        thresholds: What was asked for.
        formats: Result of each file.
    """

    thresholds: ParityThresholds
    formats: Mapping[str, FormatParity]

    @property
    def passed(self) -> bool:
        """Whether every file passed."""
        return self.failure is None

    @property
    def failure(self) -> str | None:
        """One line on the first failure, with the file and the layer, or None."""
        for result in self.formats.values():
            if result.failure is not None:
                return f"{result.format}: {result.failure}"
        return None

    def to_manifest(self) -> dict[str, Any]:
        """JSON-able form for the bundle's manifest."""
        return {
            "passed": self.passed,
            "failure": self.failure,
            "thresholds": asdict(self.thresholds),
            "formats": {name: result.to_manifest() for name, result in self.formats.items()},
        }

"""Part (a) of the gate: each binary layer alone, exactly."""

from collections.abc import Sequence

import numpy as np

from bireid_converters.parity.converted_file import ConvertedFile, ConvertedLayer
from bireid_converters.parity.reference import BinaryReference
from bireid_converters.parity.report import BinaryLayerParity, ParityThresholds

_SEED = 0
# A layer that writes bits may decide either way on a value this close to zero, in units of the
# multiplier: the threshold is a whole number.
_UNDECIDED = 1e-3


def check_binary_layers(
    file: ConvertedFile, references: Sequence[BinaryReference], thresholds: ParityThresholds
) -> tuple[BinaryLayerParity, ...]:
    """Run binary layers on the same random signs in the file's engine and in TensorFlow.

    Args:
        file: Opened file in which these layers were found.
        references: The layers as trained.
        thresholds: For the folded multiplier and bias.
    """
    generator = np.random.default_rng(_SEED)
    inputs = {
        reference.name: generator.choice(
            np.array([-1, 1], np.float32), (1, *reference.declaration.input_shape)
        )
        for reference in references
    }
    sums = file.sums(inputs)
    return tuple(
        _check(
            reference,
            file.layer(reference.name),
            sums[reference.name],
            reference.sums(inputs[reference.name]),
            thresholds,
        )
        for reference in references
    )


def _check(
    reference: BinaryReference,
    layer: ConvertedLayer,
    sums: np.ndarray,
    expected_sums: np.ndarray,
    thresholds: ParityThresholds,
) -> BinaryLayerParity:
    # The converter makes the scale of a layer that writes bits positive by turning the kernels of
    # those output channels round.
    turned = (layer.thresholds is not None) & (reference.multiplier < 0)
    orientation = np.where(turned, -1, 1)
    flipped = int(np.sum(layer.signs != reference.signs * orientation))
    wrong = int(np.sum(sums != expected_sums * orientation))
    failure = None
    if flipped:
        failure = f"{flipped} of {layer.signs.size} weights have the other sign"
    elif wrong:
        failure = f"{wrong} of {sums.size} integer sums differ from Keras on the same signs"
    if layer.thresholds is not None:
        fold_error = 0.0
        decisions = _wrong_thresholds(reference, layer.thresholds)
        if decisions and not failure:
            failure = f"{decisions} of {len(layer.thresholds)} thresholds are wrong"
    else:
        fold_error = _fold_error(reference, layer)
        if not fold_error <= thresholds.fold_tolerance and not failure:
            failure = (
                f"the folded multiplier or bias is off by {fold_error:.1e} of its size "
                f"({thresholds.fold_tolerance:g} allowed)"
            )
    return BinaryLayerParity(reference.name, flipped, wrong, fold_error, failure)


def _fold_error(reference: BinaryReference, layer: ConvertedLayer) -> float:
    tiny = np.finfo(np.float32).tiny
    multiplier = np.abs(layer.multiplier - reference.multiplier)
    bias = np.abs(layer.bias - reference.bias)
    return float(
        max(
            np.max(multiplier / np.maximum(np.abs(reference.multiplier), tiny)),
            np.max(bias / np.maximum(reference.bias_magnitude, tiny)),
        )
    )


def _wrong_thresholds(reference: BinaryReference, thresholds: np.ndarray) -> int:
    """Output channels whose threshold decides a sum wrongly."""
    height, width, channels, _ = reference.declaration.kernel_shape
    products = height * width * channels
    negatives = np.arange(products + 1)[:, None]
    size = np.abs(reference.multiplier)
    values = size * (products - 2 * negatives) + reference.bias
    decided = np.abs(values) > _UNDECIDED * size
    wrong = ((negatives > thresholds) != (values < 0)) & decided
    return int(np.sum(wrong.any(axis=0)))

"""The parity gate of `convert` and `verify`: a converted file computes what was trained."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from bireid_models.network import Network

from bireid_converters.errors import ConversionError
from bireid_converters.parity.agreement import agreement
from bireid_converters.parity.binary_layers import check_binary_layers
from bireid_converters.parity.converted_file import ConvertedFile, open_converted_file
from bireid_converters.parity.divergence import (
    largest_divergence,
    layer_differences,
    systematic_divergence,
)
from bireid_converters.parity.reference import BinaryReference, binary_references, embeddings
from bireid_converters.parity.report import (
    BinaryLayerParity,
    FormatParity,
    LayerDifference,
    ParityReport,
    ParityThresholds,
)

# Crops that the walk through the layers keeps all outputs of.
_CROPS_TO_EXPLAIN = 16


def check_parity(
    network: Network,
    files: Mapping[str, bytes],
    images: np.ndarray,
    thresholds: ParityThresholds | None = None,
    *,
    explain: bool = False,
) -> ParityReport:
    """Check converted files against the trained network.

    Each declared binary layer must be 1-bit in the file, give the exact integer sums on random
    signs, and fold alpha and batch normalisation correctly; the whole network must agree on the
    crops as far as `ParityThresholds` says.

    Args:
        network: The trained network; only its `model` is used.
        files: Bytes by format, `lce` and `onnx`.
        images: Preprocessed crops, float32 (N, H, W, 3) in the network's input size. 32 or more
            make the shares meaningful.
        thresholds: What must be reached; None for the defaults.
        explain: Also walk through the layers of files that pass.

    Raises:
        ConversionError: No file, no image, images of a wrong type or size, or another format.
        UnsupportedModelError: A file is damaged, or its engine cannot load it.
    """
    thresholds = thresholds or ParityThresholds()
    _check_arguments(network, files, images)
    references = binary_references(network.model)
    expected = embeddings(network.model, images)
    return ParityReport(
        thresholds,
        {
            name: _check_file(
                name, data, network, references, images, expected, thresholds, explain
            )
            for name, data in files.items()
        },
    )


def _check_file(
    name: str,
    data: bytes,
    network: Network,
    references: Sequence[BinaryReference],
    images: np.ndarray,
    expected: np.ndarray,
    thresholds: ParityThresholds,
    explain: bool,
) -> FormatParity:
    file = open_converted_file(name, data)
    missing = file.find(references)
    found = [reference for reference in references if reference.name not in missing]
    binary_layers = check_binary_layers(file, found, thresholds)
    whole = agreement(
        file.embed(images), expected, images, partial(embeddings, network.model), thresholds
    )
    layers: tuple[LayerDifference, ...] = ()
    if explain or whole.agreeing_share < thresholds.min_agreeing_share:
        layers = layer_differences(file, network.model, images[:_CROPS_TO_EXPLAIN])
    failure = (
        _missing_layer(missing)
        or _surplus_operators(file, references)
        or _wrong_layer(binary_layers)
        or _wrong_whole(whole.failure("Keras", thresholds), layers)
    )
    return FormatParity(name, failure, file.binary_operators, missing, binary_layers, whole, layers)


def _check_arguments(network: Network, files: Mapping[str, bytes], images: np.ndarray) -> None:
    if not files:
        raise ConversionError("there is no converted file to check; name at least one format")
    expected = tuple(network.model.input_shape[1:])
    if not len(images) or images.shape[1:] != expected or images.dtype != np.float32:
        raise ConversionError(
            f"the crops are {images.dtype} {images.shape}; parity needs float32 "
            f"{('N', *expected)}: preprocess them for this network"
        )


def _missing_layer(missing: Mapping[str, str]) -> str | None:
    for name, reason in missing.items():
        return f"{name} is declared binary but is not 1-bit in the file: {reason}"
    return None


def _surplus_operators(file: ConvertedFile, references: Sequence[BinaryReference]) -> str | None:
    if file.binary_operators == len(references):
        return None
    return (
        f"the file has {file.binary_operators} binary operators, the network declares "
        f"{len(references)}; was it converted from another network?"
    )


def _wrong_layer(layers: Sequence[BinaryLayerParity]) -> str | None:
    for layer in layers:
        if layer.failure:
            return f"{layer.name}: {layer.failure}"
    return None


def _wrong_whole(failure: str | None, layers: tuple[LayerDifference, ...]) -> str | None:
    systematic = systematic_divergence(layers)
    first = systematic or (largest_divergence(layers) if failure else None)
    if first is None:
        return failure
    where = (
        f"first diverging layer: {first.name} ({first.diverging_share:.0%} of the crops whose "
        f"inputs agree, by up to {first.max_difference:.2g})"
    )
    return f"{failure}; {where}" if failure else where

"""The parity gate of `convert` and `verify`: a converted file computes what was trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from bireid_runtime.outputs import OutputSpec

from bireid_converters.errors import ConversionError
from bireid_converters.named_model import Arrays, NamedModel
from bireid_converters.parity.agreement import agreement
from bireid_converters.parity.binary_layers import check_binary_layers
from bireid_converters.parity.converted_file import ConvertedFile
from bireid_converters.parity.divergence import (
    largest_divergence,
    layer_differences,
    systematic_divergence,
)
from bireid_converters.parity.reference import BinaryReference, binary_references
from bireid_converters.parity.report import (
    BinaryLayerParity,
    FormatParity,
    LayerDifference,
    ParityReport,
    ParityThresholds,
)

# Items that the walk through the layers keeps all outputs of.
_ITEMS_TO_EXPLAIN = 16


def check_parity(
    network: NamedModel,
    files: Mapping[str, ConvertedFile],
    inputs: Arrays,
    outputs: Sequence[OutputSpec],
    thresholds: ParityThresholds | None = None,
    *,
    explain: bool = False,
) -> ParityReport:
    """Check converted files against the trained network.

    Each declared binary layer must be 1-bit in the file, give the exact integer sums on random
    signs, and fold alpha and batch normalisation correctly; all outputs of the whole network must
    agree on the inputs as far as `ParityThresholds` says.

    Args:
        network: The trained network.
        files: Opened files by the name of their format.
        inputs: Prepared inputs, float32 (N, ...) by name, in the network's input size. 32 or more
            make the shares meaningful.
        outputs: What the network gives.
        thresholds: What must be reached; None for the defaults.
        explain: Also walk through the layers of files that pass.

    Raises:
        ConversionError: No file, no input, or inputs of a wrong type or size.
        UnsupportedModelError: An engine cannot run its file.
    """
    thresholds = thresholds or ParityThresholds()
    _check_arguments(network, files, inputs)
    trained = _Trained(network, binary_references(network.model), network.run(inputs))
    return ParityReport(
        thresholds,
        {
            name: _check_file(name, file, trained, inputs, outputs, thresholds, explain)
            for name, file in files.items()
        },
    )


@dataclass(frozen=True)
class _Trained:
    """The trained network's side: what every file is held against."""

    network: NamedModel
    references: Sequence[BinaryReference]
    outputs: Mapping[str, np.ndarray]


def _check_file(
    name: str,
    file: ConvertedFile,
    trained: _Trained,
    inputs: Arrays,
    outputs: Sequence[OutputSpec],
    thresholds: ParityThresholds,
    explain: bool,
) -> FormatParity:
    missing = file.find(trained.references)
    found = [reference for reference in trained.references if reference.name not in missing]
    binary_layers = check_binary_layers(file, found, thresholds)
    whole = agreement(
        file.run(inputs), trained.outputs, outputs, inputs, trained.network.run, thresholds
    )
    layers: tuple[LayerDifference, ...] = ()
    if explain or whole.agreeing_share < thresholds.min_agreeing_share:
        few = {name: value[:_ITEMS_TO_EXPLAIN] for name, value in inputs.items()}
        layers = layer_differences(file, trained.network, few)
    failure = (
        _missing_layer(missing)
        or _surplus_operators(file, trained.references)
        or _wrong_layer(binary_layers)
        or _wrong_whole(whole.failure("Keras", thresholds), layers)
    )
    return FormatParity(name, failure, file.binary_operators, missing, binary_layers, whole, layers)


def _check_arguments(
    network: NamedModel, files: Mapping[str, ConvertedFile], inputs: Arrays
) -> None:
    if not files:
        raise ConversionError("there is no converted file to check; name at least one format")
    for name, shape in network.input_shapes.items():
        given = inputs.get(name)
        if given is None:
            raise ConversionError(f"parity needs the input '{name}'; there is {', '.join(inputs)}")
        if not len(given) or given.shape[1:] != shape or given.dtype != np.float32:
            raise ConversionError(
                f"the inputs '{name}' are {given.dtype} {given.shape}; parity needs float32 "
                f"{('N', *shape)}: preprocess them for this network"
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

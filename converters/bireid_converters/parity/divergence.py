"""Where in the network a converted file leaves the trained one."""

from typing import Any

import numpy as np
from bireid_models.framework import keras

from bireid_converters.keras_graph import sources
from bireid_converters.named_model import Arrays, NamedModel
from bireid_converters.parity.converted_file import ConvertedFile
from bireid_converters.parity.report import LayerDifference

# Largest difference between outputs that agree, relative to the largest output of the layer. Float
# noise is about 1e-6; one flipped sign is far above.
_TOLERANCE = 1e-4
# Deep in the network few crops may be left without any flipped sign, too few to blame a layer.
_FEWEST_CROPS = 4


def layer_differences(
    file: ConvertedFile, network: NamedModel, inputs: Arrays
) -> tuple[LayerDifference, ...]:
    """Compare the outputs of all layers that the file has a float tensor for.

    Args:
        file: Opened file.
        network: The network that it was converted from.
        inputs: float32 (N, ...) by name.

    Returns:
        The layers from input to output.
    """
    model = network.model
    count = len(next(iter(inputs.values())))
    shapes = {
        layer.name: tuple(layer.output_shape[1:])
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer)
    }
    found = dict(file.layer_outputs(shapes, inputs))
    results = file.run(inputs)
    found |= {layer: results[name] for name, layer in network.output_layers.items()}
    compared = [layer for layer in model.layers if layer.name in found]
    expected = network.layer_outputs([layer.name for layer in compared], inputs)
    agreeing: dict[str, np.ndarray] = {}
    differences = []
    for layer in compared:
        output = expected[layer.name]
        difference = np.abs(found[layer.name] - output).reshape(count, -1).max(axis=1)
        agreeing[layer.name] = difference <= _TOLERANCE * np.abs(output).max()
        before = _agreed_before(layer, agreeing, count)
        diverging = before & ~agreeing[layer.name]
        differences.append(
            LayerDifference(
                name=_first_fused(layer, found),
                output=layer.name,
                max_difference=float(difference.max()),
                agreeing_share=float(agreeing[layer.name].mean()),
                diverging_share=_share(diverging, before),
            )
        )
    return tuple(differences)


def systematic_divergence(layers: tuple[LayerDifference, ...]) -> LayerDifference | None:
    """The first layer at which most crops diverge whose inputs agreed, or None."""
    return next((layer for layer in layers if (layer.diverging_share or 0) > 0.5), None)


def largest_divergence(layers: tuple[LayerDifference, ...]) -> LayerDifference | None:
    """The layer at which the largest share of crops diverges, or None if no crop does."""
    largest = max(layers, key=lambda layer: layer.diverging_share or 0, default=None)
    return largest if largest is not None and largest.diverging_share else None


def _agreed_before(layer: Any, agreeing: dict[str, np.ndarray], crops: int) -> np.ndarray:
    """Crops for which everything that the layer, and those fused into it, read still agreed."""
    agreed = np.ones(crops, bool)
    for source in sources(layer):
        if source.name in agreeing:
            agreed &= agreeing[source.name]
        else:
            agreed &= _agreed_before(source, agreeing, crops)
    return agreed


def _share(diverging: np.ndarray, before: np.ndarray) -> float | None:
    if before.sum() < min(_FEWEST_CROPS, len(before)):
        return None
    return float(diverging.sum() / before.sum())


def _first_fused(layer: Any, found: dict[str, np.ndarray]) -> str:
    """Walk back over the layers that have no tensor of their own in the file."""
    before = sources(layer)
    while len(before) == 1 and before[0].name not in found and sources(before[0]):
        layer, before = before[0], sources(before[0])
    return str(layer.name)

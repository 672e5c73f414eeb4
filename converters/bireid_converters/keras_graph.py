"""How the layers of a Keras functional model are wired."""

from typing import Any

from bireid_models.framework import keras, tf


def all_layers(model: Any) -> list[Any]:
    """The layers from input to output, those of nested models included."""
    layers = []
    for layer in model.layers:
        layers.extend(all_layers(layer) if isinstance(layer, keras.Model) else [layer])
    return layers


def sources(layer: Any) -> list[Any]:
    """The layers whose outputs a layer reads, in the order of its inputs."""
    return [
        source for node in layer.inbound_nodes for source in tf.nest.flatten(node.inbound_layers)
    ]


def readers(model: Any) -> dict[str, list[Any]]:
    """For each layer name of a model, the layers of that model that read its output."""
    reading: dict[str, list[Any]] = {layer.name: [] for layer in model.layers}
    for layer in model.layers:
        for source in sources(layer):
            if source.name in reading:
                reading[source.name].append(layer)
    return reading

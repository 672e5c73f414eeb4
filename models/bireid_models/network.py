"""A whole network: backbone and head on one image."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bireid_models.backbones import BACKBONES
from bireid_models.config import NetworkConfig
from bireid_models.framework import keras, tf
from bireid_models.heads import HEADS, HeadOutputs
from bireid_models.layers import set_progress


@dataclass(frozen=True)
class Network:
    """A built network.

    Attributes:
        config: What it was built from.
        model: Keras functional model, from `image` (N, H, W, C) to the outputs of the head: the
            tensor itself if there is one, a dict by name if there are several. `bnneck` gives
            `embedding` (N, D) with rows of unit length.
        features: Keras functional model, from `image` to a dict: the maps of the backbone,
            `stage1`..`stage4` (N, H, W, C) in those here, and the features of the head. It shares
            all layers with `model`, whose variables are among its own; it may have more, such as
            the random state of dropout.
        head_layers: Names of the layers of the head.
    """

    config: NetworkConfig
    model: Any
    features: Any
    head_layers: frozenset[str]

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs of `model`, in the order in which `tf.nest.flatten` gives them."""
        return tuple(self.model.output_names)

    def set_progress(self, fraction: float) -> None:
        """Tell surrogate gradients that change in training how much of it is done, 0 to 1."""
        set_progress(self.model, fraction)


def build_network(config: NetworkConfig) -> Network:
    """Build a network with fresh weights from Keras' global random seed.

    Raises:
        ValueError: The head does not keep to what `HeadOutputs` promises.
    """
    return build_on(config, BACKBONES[config.backbone].build)


# Keras would rewrite the code of every layer; none has a condition that it could not read.
@tf.autograph.experimental.do_not_convert
def build_on(
    config: NetworkConfig, backbone: Callable[[Any, NetworkConfig], dict[str, Any]]
) -> Network:
    """Build a network on a backbone that is no row of the table, as that of a search.

    Args:
        config: Network description; `backbone` is not read.
        backbone: What `Backbone.build` is.

    Raises:
        ValueError: As `build_network`.
    """
    size = (config.input_height, config.input_width, config.input_channels)
    image = keras.Input(size, name="image")
    maps = backbone(image, config)
    head = HEADS[config.head].build(maps, config)
    _check(config.head, head, maps)
    outputs = head.outputs
    features = keras.Model(image, {**maps, **head.features}, name="features")
    model = keras.Model(
        image, outputs if len(outputs) > 1 else next(iter(outputs.values())), name="bireid"
    )
    below = {layer.name for layer in keras.Model(image, maps).layers}
    head_layers = {layer.name for layer in (*model.layers, *features.layers)} - below
    return Network(config, model, features, frozenset(head_layers))


def _check(name: str, head: HeadOutputs, maps: dict[str, Any]) -> None:
    if not head.outputs:
        raise ValueError(f"head {name!r} has no output; give at least one")
    if twice := head.features.keys() & maps.keys():
        raise ValueError(f"head {name!r} has a feature {min(twice)!r}, as the backbone; rename it")
    for output, tensor in head.outputs.items():
        layer = tensor.node.layer.name
        if layer != output:
            raise ValueError(
                f"head {name!r}: output {output!r} comes from the layer {layer!r}; name that layer "
                f"{output!r}"
            )

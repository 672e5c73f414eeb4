"""The map of a Siamese tracker (SiamFC, Bertinetto et al. 2016), which the runtime correlates.

The graph ends in a convolution and has one input: the exemplar is cut from a map of frame 1.
"""

from collections.abc import Mapping
from typing import Any

from bireid_models.config import NetworkConfig
from bireid_models.framework import keras, tf
from bireid_models.heads.base import HeadOutputs

_CHANNELS = 128


class ResponseBias(keras.layers.Layer):
    """A number that learns beside the map: what is added to its correlations."""

    def build(self, input_shape: Any) -> None:
        """Begin with 0."""
        # Called bias, so that no optimiser decays it.
        self.bias = self.add_weight(name="bias", shape=(), initializer="zeros")

    def call(self, features: Any) -> Any:
        """The number for every image: (N,) of (N, H, W, C)."""
        return tf.zeros_like(features[:, 0, 0, 0]) + self.bias


def tracker(features: Mapping[str, Any], config: NetworkConfig) -> HeadOutputs:
    """A real-valued 1x1 convolution to 128 channels, whatever the width.

    Args:
        features: Maps (N, H, W, C) of a backbone; the last one is read.
        config: Nothing is read.

    Returns:
        The output and feature `features` (N, H, W, 128), and the feature `response_bias` (N,), of
        which the deployed network has only the number.
    """
    found = keras.layers.Conv2D(_CHANNELS, 1, kernel_initializer="he_normal", name="features")(
        list(features.values())[-1]
    )
    bias = ResponseBias(name="response_bias")(found)
    return HeadOutputs(
        features={"features": found, "response_bias": bias}, outputs={"features": found}
    )

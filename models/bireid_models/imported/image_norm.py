"""Normalisation by statistics of the image at hand, of all channels or of the first of them."""

from typing import Any

import numpy as np

from bireid_models.framework import keras, tf
from bireid_models.imported.weights import Weights, WeightsError

NORM_EPSILON = 1e-5


class ImageNorm(keras.layers.Layer):
    """Instance normalisation (Ulyanov et al. 2016), or its mixture with a batch one (IBN-a).

    The first `own` channels take mean and variance over the pixels of their image, the rest those
    that training stored (Pan et al., ECCV 2018). Both are one expression,
    `own * of_the_image + stored`, so that nothing has to be taken apart and put together.

    Args:
        own: How many channels take statistics of the image.
        epsilon: Added to the variances.
    """

    def __init__(self, own: int, epsilon: float = NORM_EPSILON, **options: Any) -> None:
        super().__init__(**options)
        self.own = own
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        """Make the weights: gamma, beta, stored mean and variance, each (C,)."""
        channels = int(input_shape[-1])
        self.gamma, self.beta, self.stored_mean, self.stored_variance = (
            self.add_weight(name=name, shape=(channels,), trainable=name in ("gamma", "beta"))
            for name in ("gamma", "beta", "stored_mean", "stored_variance")
        )
        super().build(input_shape)

    @property
    def mask(self) -> np.ndarray | None:
        """1 where a channel takes statistics of the image and 0 elsewhere; None if all do."""
        channels = int(self.gamma.shape[0])
        if self.own == channels:
            return None
        return (np.arange(channels) < self.own).astype(np.float32)

    def call(self, x: Any) -> Any:
        """Normalise a map (N, H, W, C)."""
        mean = self._mixed(tf.reduce_mean(x, (1, 2), keepdims=True), self.stored_mean)
        squares = tf.reduce_mean(tf.math.squared_difference(x, mean), (1, 2), keepdims=True)
        variance = self._mixed(squares, self.stored_variance)
        return (x - mean) * (tf.math.rsqrt(variance + self.epsilon) * self.gamma) + self.beta

    def _mixed(self, of_the_image: Any, stored: Any) -> Any:
        mask = self.mask
        return of_the_image if mask is None else of_the_image * mask + stored

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of."""
        return {**super().get_config(), "own": self.own, "epsilon": self.epsilon}


def image_norm(x: Any, weights: Weights, key: str) -> Any:
    """PyTorch's `InstanceNorm2d(affine=True)` of the name `key`."""
    channels = x.shape[-1]
    gamma, beta = (weights.vector(f"{key}.{name}", channels) for name in ("weight", "bias"))
    layer = ImageNorm(channels, name=key.replace(".", "_"))
    result = layer(x)
    layer.set_weights([gamma, beta, np.zeros(channels), np.zeros(channels)])
    return result


def half_image_norm(x: Any, weights: Weights, key: str) -> Any:
    """IBN-a: `{key}.IN` of the first half of the channels, `{key}.BN` of the rest."""
    channels = x.shape[-1]
    own = channels // 2
    gamma, beta = (
        np.concatenate(
            [
                weights.vector(f"{key}.IN.{name}", own),
                weights.vector(f"{key}.BN.{name}", channels - own),
            ]
        )
        for name in ("weight", "bias")
    )
    mean, variance = (
        np.concatenate([np.zeros(own), weights.vector(f"{key}.BN.{name}", channels - own)])
        for name in ("running_mean", "running_var")
    )
    if (variance < 0).any():
        raise WeightsError(f"{key + '.BN.running_var'!r} holds a negative variance")
    layer = ImageNorm(own, name=key.replace(".", "_"))
    result = layer(x)
    layer.set_weights([gamma, beta, mean, variance])
    return result

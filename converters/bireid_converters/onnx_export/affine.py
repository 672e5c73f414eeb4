"""One multiplication and one addition per channel: what batch normalisation is after training."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from bireid_models.map_layers import ChannelShift


@dataclass(frozen=True)
class Affine:
    """`y = scale * x + shift` per channel, in float64 until it is written.

    Attributes:
        scale: float64 (channels,).
        shift: float64 (channels,).
    """

    scale: np.ndarray
    shift: np.ndarray

    @classmethod
    def identity(cls, channels: int) -> "Affine":
        """`y = x`."""
        return cls(np.ones(channels), np.zeros(channels))

    @classmethod
    def of_batch_norm(cls, layer: Any) -> "Affine":
        """`gamma * (x - mean) / sqrt(variance + epsilon) + beta` of a Keras layer."""
        mean = np.asarray(layer.moving_mean, np.float64)
        scale = 1 / np.sqrt(np.asarray(layer.moving_variance, np.float64) + layer.epsilon)
        if layer.scale:
            scale = scale * np.asarray(layer.gamma, np.float64)
        shift = -mean * scale
        if layer.center:
            shift = shift + np.asarray(layer.beta, np.float64)
        return cls(scale, shift)

    @classmethod
    def of_layer(cls, layer: Any) -> "Affine":
        """What a `BatchNormalization` or a `ChannelShift` computes."""
        if not isinstance(layer, ChannelShift):
            return cls.of_batch_norm(layer)
        shift = np.asarray(layer.bias, np.float64)
        return cls(np.ones_like(shift), shift)

    def then(self, following: "Affine") -> "Affine":
        """This map and then another, as one."""
        return Affine(self.scale * following.scale, self.shift * following.scale + following.shift)

"""The channel gate of OSNet and CDNet."""

from typing import Any

from bireid_models.framework import keras
from bireid_models.imported.layers import convolution
from bireid_models.imported.weights import Weights


def channel_gate(x: Any, weights: Weights, key: str, name: str) -> Any:
    """A map times factors in 0..1 that two 1x1 convolutions make of its average.

    Args:
        x: Keras tensor (N, H, W, C).
        weights: The checkpoint.
        key: Of the gate there, which several maps can share.
        name: Of this use, which the names of the layers begin with.
    """
    pooled = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_average")(x)
    y = convolution(pooled, weights, f"{key}.fc1", name=f"{name}_fc1")
    y = keras.layers.ReLU(name=f"{name}_relu")(y)
    y = convolution(y, weights, f"{key}.fc2", name=f"{name}_fc2")
    y = keras.layers.Activation("sigmoid", name=f"{name}_sigmoid")(y)
    return keras.layers.Multiply(name=f"{name}_product")([x, y])

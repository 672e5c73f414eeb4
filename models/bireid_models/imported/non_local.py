"""The non-local block of fast-reid, whose inner width is 1."""

from typing import Any

from bireid_models.framework import keras
from bireid_models.imported.layers import convolution, norm
from bireid_models.imported.weights import Weights, WeightsError


def non_local(x: Any, weights: Weights, key: str) -> Any:
    """`x + W(theta(x) mean(phi(x) g(x)))` over the pixels (Wang et al., CVPR 2018).

    Without a softmax and with one inner channel, the sum over all pairs of pixels is one number
    per image times theta.

    Args:
        x: Keras tensor (N, H, W, C).
        weights: The checkpoint.
        key: Of the block there.

    Raises:
        WeightsError: Its inner width is not 1.
    """
    theta, phi, g = (convolution(x, weights, f"{key}.{name}") for name in ("theta", "phi", "g"))
    if theta.shape[-1] != 1:
        raise WeightsError(f"{key!r} has an inner width of {theta.shape[-1]}; fast-reid's is 1")
    name = key.replace(".", "_")
    products = keras.layers.Multiply(name=f"{name}_products")([phi, g])
    mean = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_mean")(products)
    y = keras.layers.Multiply(name=f"{name}_scaled")([theta, mean])
    y = norm(convolution(y, weights, f"{key}.W.0"), weights, f"{key}.W.1")
    return keras.layers.Add(name=f"{name}_sum")([y, x])

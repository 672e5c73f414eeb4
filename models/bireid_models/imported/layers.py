"""Layers with the weights of a checkpoint, padded as PyTorch pads."""

from typing import Any, Literal

import numpy as np

from bireid_models.framework import keras
from bireid_models.imported.weights import Weights, WeightsError

NORM_EPSILON = 1e-5


def convolution(
    x: Any,
    weights: Weights,
    key: str,
    *,
    stride: int = 1,
    padding: int | Literal["same"] | None = 0,
    depthwise: bool = False,
    name: str | None = None,
) -> Any:
    """A convolution with the kernel `{key}.weight` and, if it is there, `{key}.bias`.

    Args:
        x: Keras tensor (N, H, W, C).
        weights: The checkpoint.
        key: Name of the layer there.
        stride: Of both axes.
        padding: Zeros on every side; None for those that keep the size of an odd kernel's map;
            `same` for TensorFlow's.
        depthwise: Whether each channel has a kernel of its own.
        name: Of the layer; None for that of the key, which only one layer can have.
    """
    name = name or layer_name(key)
    read = weights.depthwise if depthwise else weights.convolution
    kernel = read(f"{key}.weight")
    channels = kernel.shape[2] if depthwise else kernel.shape[3]
    if kernel.shape[2] != x.shape[-1]:
        raise WeightsError(
            f"{key + '.weight'!r} takes {kernel.shape[2]} channels, the map has {x.shape[-1]}"
        )
    arrays = [kernel]
    biased = f"{key}.bias" in weights
    if biased:
        arrays.append(weights.vector(f"{key}.bias", channels))
    if padding is None:
        padding = kernel.shape[0] // 2
    border = "same"
    if padding != "same":
        x, border = _padded(x, kernel.shape[:2], stride, padding, name)
    if depthwise:
        layer = keras.layers.DepthwiseConv2D(
            kernel.shape[:2], stride, border, use_bias=biased, name=name
        )
    else:
        layer = keras.layers.Conv2D(
            channels, kernel.shape[:2], stride, border, use_bias=biased, name=name
        )
    return _with(layer, x, arrays)


def norm(x: Any, weights: Weights, key: str, *, epsilon: float = NORM_EPSILON) -> Any:
    """A batch normalisation over the last axis with the statistics of the training."""
    channels = x.shape[-1]
    names = ("weight", "bias", "running_mean", "running_var")
    arrays = [weights.vector(f"{key}.{name}", channels) for name in names]
    if (arrays[3] < 0).any():
        raise WeightsError(f"{key + '.running_var'!r} holds a negative variance")
    layer = keras.layers.BatchNormalization(epsilon=epsilon, name=layer_name(key))
    return _with(layer, x, arrays)


def dense(x: Any, weights: Weights, key: str) -> Any:
    """A matrix product with `{key}.weight` and `{key}.bias`."""
    matrix = weights.matrix(f"{key}.weight")
    if len(matrix) != x.shape[-1]:
        raise WeightsError(
            f"{key + '.weight'!r} takes {len(matrix)} numbers, the layer before gives {x.shape[-1]}"
        )
    arrays = [matrix]
    if f"{key}.bias" in weights:
        arrays.append(weights.vector(f"{key}.bias", matrix.shape[1]))
    layer = keras.layers.Dense(matrix.shape[1], use_bias=len(arrays) == 2, name=layer_name(key))
    return _with(layer, x, arrays)


def relu(x: Any, name: str) -> Any:
    """max(x, 0)."""
    return keras.layers.ReLU(name=layer_name(name))(x)


def relu6(x: Any, name: str) -> Any:
    """min(max(x, 0), 6)."""
    return keras.layers.ReLU(6.0, name=layer_name(name))(x)


def max_pool_after_relu(x: Any, name: str, *, ceil: bool = False) -> Any:
    """PyTorch's `MaxPool2d(3, 2)` of a map without negative numbers, to which zeros add nothing.

    Args:
        x: Keras tensor (N, H, W, C).
        name: Of the layer.
        ceil: False: padding 1 on every side. True: no padding, but the size rounded up.
    """
    if ceil:
        # The last window hangs over by a pixel where the size is even, and by none where it is odd.
        behind = [(0, 1 - extent % 2) for extent in x.shape[1:3]]
        if all(pixels == (0, 1) for pixels in behind):
            return keras.layers.MaxPooling2D(3, 2, "same", name=name)(x)
        if any(pixels == (0, 1) for pixels in behind):
            x = keras.layers.ZeroPadding2D(behind, name=f"{name}_pad")(x)
        return keras.layers.MaxPooling2D(3, 2, "valid", name=name)(x)
    x, border = _padded(x, (3, 3), 2, 1, name)
    return keras.layers.MaxPooling2D(3, 2, border, name=name)(x)


def max_pool(x: Any, name: str) -> Any:
    """PyTorch's `MaxPool2d(3, 2, padding=1)` of any map: what lies outside counts as nothing.

    TensorFlow's border of a stride 1 is PyTorch's; every second pixel of that is what is wanted.
    """
    x = keras.layers.MaxPooling2D(3, 1, "same", name=f"{name}_windows")(x)
    return keras.layers.MaxPooling2D(1, 2, name=name)(x)


def global_average(x: Any) -> Any:
    """The mean over the pixels: (N, C)."""
    return keras.layers.GlobalAveragePooling2D(name="global_average")(x)


def _padded(
    x: Any, kernel: tuple[int, ...], stride: int, padding: int, name: str
) -> tuple[Any, str]:
    """The map with its zeros, and the kind of border that the layer then has."""
    if padding == 0:
        return x, "valid"
    # TensorFlow's SAME puts the odd zero behind, PyTorch one on each side: equal at stride 1.
    if stride == 1 and all(extent == 2 * padding + 1 for extent in kernel):
        return x, "same"
    return keras.layers.ZeroPadding2D(padding, name=f"{name}_pad")(x), "valid"


def _with(layer: Any, x: Any, arrays: list[np.ndarray]) -> Any:
    result = layer(x)
    layer.set_weights(arrays)
    return result


def layer_name(key: str) -> str:
    """TensorFlow takes neither dots in the names of layers nor an underscore in front."""
    return key.replace(".", "_").lstrip("_")

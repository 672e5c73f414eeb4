"""MobileNetV2 and EfficientNet-Lite: inverted residuals, ReLU6, features behind the average."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bireid_models.framework import keras
from bireid_models.imported.layers import (
    NORM_EPSILON,
    convolution,
    global_average,
    layer_name,
    norm,
    relu6,
)
from bireid_models.imported.weights import Weights

# Strides of the blocks, which leave no trace in the weights.
_MOBILENET_STRIDES = (1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1)
_LITE_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
_LITE_EPSILON = 1e-3

Layer = tuple[str, str]
"""Keys of a convolution and of the normalisation behind it."""


@dataclass(frozen=True)
class _Style:
    """How a project pads and normalises; `same` is TensorFlow's border."""

    same: bool = False
    epsilon: float = NORM_EPSILON


def mobilenet_v2(image: Any, weights: Weights) -> Any:
    """Build MobileNetV2 (Sandler et al., CVPR 2018), of any width.

    Args:
        image: Keras tensor (N, H, W, 3), normalised pixels.
        weights: The checkpoint, with the keys of torchvision or those of the first PyTorch version.

    Returns:
        The features (N, 1280).
    """
    style = _Style()
    x = _unit(image, weights, ("features.0.0", "features.0.1"), style, stride=2)
    for index, stride in enumerate(_MOBILENET_STRIDES, start=1):
        x = _block(
            x, weights, mobilenet_v2_layers(weights, f"features.{index}.conv"), style, stride
        )
    last = len(_MOBILENET_STRIDES) + 1
    x = _unit(x, weights, (f"features.{last}.0", f"features.{last}.1"), style)
    return global_average(x)


def efficientnet_lite0(image: Any, weights: Weights) -> Any:
    """Build EfficientNet-Lite0, with TensorFlow's borders and epsilon.

    Args:
        image: Keras tensor (N, H, W, 3), normalised pixels.
        weights: The checkpoint, with the keys of efficientnet-lite-pytorch.

    Returns:
        The features (N, 1280).
    """
    style = _Style(same=True, epsilon=_LITE_EPSILON)
    x = _unit(image, weights, ("_conv_stem", "_bn0"), style, stride=2)
    for index, stride in enumerate(_LITE_STRIDES):
        x = _block(x, weights, _lite_layers(weights, f"_blocks.{index}"), style, stride)
    return global_average(_unit(x, weights, ("_conv_head", "_bn1"), style))


def mobilenet_v2_layers(weights: Weights, key: str) -> list[Layer]:
    """Keys of the layers of a block: an expansion if there is one, a depthwise one, a projection.

    They stand in one list, or in torchvision's groups of three (convolution, normalisation, ReLU6).
    """
    if f"{key}.0.0.weight" not in weights:
        count = 3 if f"{key}.6.weight" in weights else 2
        return [(f"{key}.{3 * index}", f"{key}.{3 * index + 1}") for index in range(count)]
    count = 2 if f"{key}.1.0.weight" in weights else 1
    grouped = [(f"{key}.{index}.0", f"{key}.{index}.1") for index in range(count)]
    return [*grouped, (f"{key}.{count}", f"{key}.{count + 1}")]


def _lite_layers(weights: Weights, key: str) -> list[Layer]:
    layers = [
        (f"{key}._depthwise_conv", f"{key}._bn1"),
        (f"{key}._project_conv", f"{key}._bn2"),
    ]
    if f"{key}._expand_conv.weight" in weights:
        layers.insert(0, (f"{key}._expand_conv", f"{key}._bn0"))
    return layers


def _block(x: Any, weights: Weights, layers: Sequence[Layer], style: _Style, stride: int) -> Any:
    """An expansion, if there is one; a depthwise convolution; a projection without a ReLU."""
    y = x
    *expansion, depthwise, projection = layers
    for layer in expansion:
        y = _unit(y, weights, layer, style)
    y = _unit(y, weights, depthwise, style, stride=stride, depthwise=True)
    y = _unit(y, weights, projection, style, linear=True)
    if stride == 1 and y.shape[-1] == x.shape[-1]:
        y = keras.layers.Add(name=f"{layer_name(projection[0])}_sum")([y, x])
    return y


def _unit(
    x: Any,
    weights: Weights,
    layer: Layer,
    style: _Style,
    *,
    stride: int = 1,
    depthwise: bool = False,
    linear: bool = False,
) -> Any:
    key, norm_key = layer
    y = convolution(
        x, weights, key, stride=stride, padding="same" if style.same else None, depthwise=depthwise
    )
    y = norm(y, weights, norm_key, epsilon=style.epsilon)
    return y if linear else relu6(y, f"{norm_key}.relu6")

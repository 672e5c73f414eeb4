"""OSNet: omni-scale feature learning, as torchreid builds it."""

from typing import Any

from bireid_models.framework import keras
from bireid_models.imported.layers import (
    convolution,
    dense,
    global_average,
    max_pool_after_relu,
    norm,
    relu,
)
from bireid_models.imported.weights import Weights

_BRANCHES = ("conv2a", "conv2b", "conv2c", "conv2d")


def osnet(image: Any, weights: Weights) -> Any:
    """Build the network (Zhou et al., ICCV 2019, doi 10.1109/ICCV.2019.00380).

    Args:
        image: Keras tensor (N, H, W, 3), normalised pixels.
        weights: The checkpoint.

    Returns:
        The features (N, 512), after a batch normalisation and a ReLU.
    """
    x = _unit(image, weights, "conv1", kernel=7, stride=2)
    x = max_pool_after_relu(x, "maxpool")
    for stage in ("conv2", "conv3", "conv4"):
        for block in (0, 1):
            x = _block(x, weights, f"{stage}.{block}")
        if f"{stage}.2.0.conv.weight" in weights:
            x = _unit(x, weights, f"{stage}.2.0")
            x = keras.layers.AveragePooling2D(2, 2, name=f"{stage}_average")(x)
    x = _unit(x, weights, "conv5")
    x = dense(global_average(x), weights, "fc.0")
    return relu(norm(x, weights, "fc.1"), "fc.2")


def _unit(x: Any, weights: Weights, key: str, *, kernel: int = 1, stride: int = 1) -> Any:
    x = convolution(x, weights, f"{key}.conv", stride=stride, padding=kernel // 2)
    return relu(norm(x, weights, f"{key}.bn"), f"{key}.relu")


def _block(x: Any, weights: Weights, key: str) -> Any:
    squeezed = _unit(x, weights, f"{key}.conv1")
    gated = [
        _gate(_branch(squeezed, weights, f"{key}.{name}", depth), weights, key, name)
        for depth, name in enumerate(_BRANCHES, start=1)
    ]
    y = keras.layers.Add(name=f"{_flat(key)}_streams")(gated)
    y = norm(convolution(y, weights, f"{key}.conv3.conv"), weights, f"{key}.conv3.bn")
    if f"{key}.downsample.conv.weight" in weights:
        x = norm(convolution(x, weights, f"{key}.downsample.conv"), weights, f"{key}.downsample.bn")
    return relu(keras.layers.Add(name=f"{_flat(key)}_sum")([y, x]), f"{key}.relu")


def _branch(x: Any, weights: Weights, key: str, depth: int) -> Any:
    """A chain of light 3x3 convolutions; a single one has no number in its name."""
    for name in [key] if depth == 1 else [f"{key}.{index}" for index in range(depth)]:
        x = convolution(x, weights, f"{name}.conv1")
        x = convolution(x, weights, f"{name}.conv2", padding=1, depthwise=True)
        x = relu(norm(x, weights, f"{name}.bn"), f"{name}.relu")
    return x


def _gate(x: Any, weights: Weights, block: str, branch: str) -> Any:
    """One gate for all branches of a block, so that its weights stand in several layers."""
    name = f"{_flat(block)}_{branch}_gate"
    pooled = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_average")(x)
    y = convolution(pooled, weights, f"{block}.gate.fc1", name=f"{name}_fc1")
    y = keras.layers.ReLU(name=f"{name}_relu")(y)
    y = convolution(y, weights, f"{block}.gate.fc2", name=f"{name}_fc2")
    y = keras.layers.Activation("sigmoid", name=f"{name}_sigmoid")(y)
    return keras.layers.Multiply(name=f"{name}_product")([x, y])


def _flat(key: str) -> str:
    return key.replace(".", "_")

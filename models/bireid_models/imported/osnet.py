"""OSNet, OSNet-IBN and OSNet-AIN: omni-scale feature learning, as torchreid builds it."""

from typing import Any

from bireid_models.framework import keras
from bireid_models.imported.gate import channel_gate
from bireid_models.imported.image_norm import image_norm
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
    """Build the network (Zhou et al., ICCV 2019, doi 10.1109/ICCV.2019.00380; AIN: TPAMI 2021).

    Instance normalisation stands where the checkpoint has it: behind the sum of a block (IBN), or
    inside its branch, which then has no batch one (AIN).

    Args:
        image: Keras tensor (N, H, W, 3), normalised pixels.
        weights: The checkpoint.

    Returns:
        The features (N, 512), after a batch normalisation and a ReLU.
    """
    x = _unit(image, weights, "conv1", kernel=7, stride=2)
    x = max_pool_after_relu(x, "maxpool")
    for stage in (2, 3, 4):
        for block in (0, 1):
            x = _block(x, weights, f"conv{stage}.{block}")
        for key in (f"conv{stage}.2.0", f"pool{stage}.0"):
            if f"{key}.conv.weight" in weights:
                x = _unit(x, weights, key)
                x = keras.layers.AveragePooling2D(2, 2, name=f"conv{stage}_average")(x)
    x = _unit(x, weights, "conv5")
    x = dense(global_average(x), weights, "fc.0")
    return relu(norm(x, weights, "fc.1"), "fc.2")


def _unit(x: Any, weights: Weights, key: str, *, kernel: int = 1, stride: int = 1) -> Any:
    x = convolution(x, weights, f"{key}.conv", stride=stride, padding=kernel // 2)
    of_batches = f"{key}.bn.running_mean" in weights
    x = (norm if of_batches else image_norm)(x, weights, f"{key}.bn")
    return relu(x, f"{key}.relu")


def _block(x: Any, weights: Weights, key: str) -> Any:
    squeezed = _unit(x, weights, f"{key}.conv1")
    gated = []
    for depth, branch in enumerate(_BRANCHES, start=1):
        stream = _branch(squeezed, weights, key, branch, depth)
        gated.append(channel_gate(stream, weights, f"{key}.gate", f"{_flat(key)}_{branch}_gate"))
    y = keras.layers.Add(name=f"{_flat(key)}_streams")(gated)
    y = convolution(y, weights, f"{key}.conv3.conv")
    per_image = f"{key}.IN.weight" in weights
    inside = f"{key}.conv3.bn.weight" not in weights
    y = image_norm(y, weights, f"{key}.IN") if inside else norm(y, weights, f"{key}.conv3.bn")
    if f"{key}.downsample.conv.weight" in weights:
        x = norm(convolution(x, weights, f"{key}.downsample.conv"), weights, f"{key}.downsample.bn")
    y = keras.layers.Add(name=f"{_flat(key)}_sum")([y, x])
    if per_image and not inside:
        y = image_norm(y, weights, f"{key}.IN")
    return relu(y, f"{key}.relu")


def _branch(x: Any, weights: Weights, block: str, branch: str, depth: int) -> Any:
    """A chain of light 3x3 convolutions; a single one of OSNet has no number in its name."""
    if f"{block}.conv2.{depth - 1}.layers.0.conv1.weight" in weights:
        names = [f"{block}.conv2.{depth - 1}.layers.{index}" for index in range(depth)]
    elif depth == 1:
        names = [f"{block}.{branch}"]
    else:
        names = [f"{block}.{branch}.{index}" for index in range(depth)]
    for name in names:
        x = convolution(x, weights, f"{name}.conv1")
        x = convolution(x, weights, f"{name}.conv2", padding=1, depthwise=True)
        x = relu(norm(x, weights, f"{name}.bn"), f"{name}.relu")
    return x


def _flat(key: str) -> str:
    return key.replace(".", "_")

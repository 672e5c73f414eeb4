"""ResNets of torchvision, torchreid, strong-baseline, fast-reid, layumi: one body, other ends."""

from typing import Any, Literal

from bireid_models.framework import keras
from bireid_models.imported.layers import (
    convolution,
    dense,
    global_average,
    max_pool,
    max_pool_after_relu,
    norm,
    relu,
)
from bireid_models.imported.weights import Weights

Stem = Literal["relu", "relu-ceil", "plain"]


def resnet(
    image: Any,
    weights: Weights,
    *,
    body: str = "",
    stem: Stem = "relu",
    last_stride: int = 2,
    neck: tuple[str, ...] = (),
    neck_relu: bool = False,
) -> Any:
    """Build the network (He et al., CVPR 2016), strides in the 3x3 convolutions.

    Args:
        image: Keras tensor (N, H, W, 3), normalised pixels.
        weights: The checkpoint.
        body: Prefix of the body's keys, with its dot.
        stem: `relu`: the stem ends in a ReLU, and its pooling pads one pixel on every side;
            `relu-ceil`: its pooling pads nothing and rounds its size up; `plain`: as `relu`, but
            without one.
        last_stride: Stride of the last stage: 1 or 2.
        neck: Keys of what follows the average: a matrix or a batch normalisation each.
        neck_relu: Whether a ReLU follows the neck.

    Returns:
        The features (N, D).
    """
    x = convolution(image, weights, f"{body}conv1", stride=2, padding=3)
    x = norm(x, weights, f"{body}bn1")
    if stem == "plain":
        x = max_pool(x, "maxpool")
    else:
        x = relu(x, f"{body}relu")
        x = max_pool_after_relu(x, "maxpool", ceil=stem == "relu-ceil")
    for stage in (1, 2, 3, 4):
        stride = {1: 1, 4: last_stride}.get(stage, 2)
        index = 0
        while f"{body}layer{stage}.{index}.conv1.weight" in weights:
            x = _block(x, weights, f"{body}layer{stage}.{index}", stride if index == 0 else 1)
            index += 1
    x = global_average(x)
    for key in neck:
        normalises = f"{key}.running_mean" in weights
        x = norm(x, weights, key) if normalises else dense(x, weights, key)
    return relu(x, "features_relu") if neck_relu else x


def _block(x: Any, weights: Weights, key: str, stride: int) -> Any:
    deep = f"{key}.conv3.weight" in weights
    y = convolution(
        x,
        weights,
        f"{key}.conv1",
        stride=1 if deep else stride,
        padding=0 if deep else 1,
    )
    y = relu(norm(y, weights, f"{key}.bn1"), f"{key}.relu1")
    y = convolution(y, weights, f"{key}.conv2", stride=stride if deep else 1, padding=1)
    y = norm(y, weights, f"{key}.bn2")
    if deep:
        y = convolution(relu(y, f"{key}.relu2"), weights, f"{key}.conv3")
        y = norm(y, weights, f"{key}.bn3")
    if f"{key}.downsample.0.weight" in weights:
        x = convolution(x, weights, f"{key}.downsample.0", stride=stride)
        x = norm(x, weights, f"{key}.downsample.1")
    return relu(keras.layers.Add(name=f"{key.replace('.', '_')}_sum")([y, x]), f"{key}.relu")

"""ResNets of torchvision, torchreid, strong-baseline, fast-reid, layumi: one body, other ends.

Normalisation by the image (IBN-a) and non-local blocks stand where the checkpoint has them.
"""

from typing import Any, Literal

from bireid_models.framework import keras
from bireid_models.imported.gem import GeneralizedMean
from bireid_models.imported.image_norm import half_image_norm
from bireid_models.imported.layers import (
    convolution,
    dense,
    global_average,
    max_pool,
    max_pool_after_relu,
    norm,
    relu,
)
from bireid_models.imported.non_local import non_local
from bireid_models.imported.weights import Weights, WeightsError

# A float32 raised to more would leave its range.
_MAX_POWER = 16
Stem = Literal["relu", "relu-ceil", "plain"]


def resnet(
    image: Any,
    weights: Weights,
    *,
    body: str = "",
    stem: Stem = "relu",
    last_stride: int = 2,
    pool: float | str | None = None,
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
        pool: None for the average; the power of a generalised mean, or the key of that power.
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
            x = _behind_block(x, weights, body, stage, index)
    x = _pooled(x, weights, pool)
    for key in neck:
        normalises = f"{key}.running_mean" in weights
        x = norm(x, weights, key) if normalises else dense(x, weights, key)
    return relu(x, "features_relu") if neck_relu else x


def _behind_block(x: Any, weights: Weights, body: str, stage: int, index: int) -> Any:
    """The non-local block there: those of a stage stand behind its last blocks."""
    key = f"{body}NL_{stage}"
    behind = _count(weights, f"{body}layer{stage}", "conv1.weight") - index
    number = _count(weights, key, "theta.weight") - behind - 1
    return non_local(x, weights, f"{key}.{number}") if number >= 0 else x


def _count(weights: Weights, key: str, member: str) -> int:
    count = 0
    while f"{key}.{count}.{member}" in weights:
        count += 1
    return count


def _pooled(x: Any, weights: Weights, pool: float | str | None) -> Any:
    if pool is None:
        return global_average(x)
    power = float(weights.vector(pool, 1)[0]) if isinstance(pool, str) else pool
    if not 0 < power <= _MAX_POWER:
        raise WeightsError(f"{pool!r} is a power of {power:g}; it must lie in 0..{_MAX_POWER}")
    return GeneralizedMean(power, name="generalized_mean")(x)


def _block(x: Any, weights: Weights, key: str, stride: int) -> Any:
    deep = f"{key}.conv3.weight" in weights
    y = convolution(
        x,
        weights,
        f"{key}.conv1",
        stride=1 if deep else stride,
        padding=0 if deep else 1,
    )
    halved = f"{key}.bn1.IN.weight" in weights
    y = (half_image_norm if halved else norm)(y, weights, f"{key}.bn1")
    y = relu(y, f"{key}.relu1")
    y = convolution(y, weights, f"{key}.conv2", stride=stride if deep else 1, padding=1)
    y = norm(y, weights, f"{key}.bn2")
    if deep:
        y = convolution(relu(y, f"{key}.relu2"), weights, f"{key}.conv3")
        y = norm(y, weights, f"{key}.bn3")
    if f"{key}.downsample.0.weight" in weights:
        x = convolution(x, weights, f"{key}.downsample.0", stride=stride)
        x = norm(x, weights, f"{key}.downsample.1")
    return relu(keras.layers.Add(name=f"{key.replace('.', '_')}_sum")([y, x]), f"{key}.relu")

"""Detectors without anchors: a map whose cells say what stands there and how far it reaches.

After FCOS (Tian et al. 2019) on one level. What follows the map, sigmoid, decoding and suppression,
belongs to the runtime: the graph ends in a convolution.
"""

from collections.abc import Mapping
from typing import Any

from bireid_models.config import NetworkConfig
from bireid_models.framework import keras
from bireid_models.heads.base import HeadOutputs
from bireid_models.units import Unit

# At width 1; a half-width network has the 128 of the specification.
_CHANNELS = 256
_SIDES = 4
# A cell begins with a score of 0.02, as most hold nothing, and reaches exp(1) strides to each side.
_SCORE_BIAS, _SIDE_BIAS = -4.0, 1.0


def detector(features: Mapping[str, Any], config: NetworkConfig) -> HeadOutputs:
    """A neck of one 1x1 unit on the last map, two 3x3 units, and a real-valued 1x1 convolution.

    Args:
        features: Maps (N, H, W, C) of a backbone; the last one is read.
        config: `classes` is read, and what a unit is made of.

    Returns:
        The output and feature `boxes` (N, H, W, classes + 4): a number per class, then the
        logarithms of left, top, right and bottom in strides.
    """
    neck = Unit.of(config, "neck", config.channels(_CHANNELS), kernel_size=1)
    return _boxes(neck(list(features.values())[-1]), config)


def fused_detector(features: Mapping[str, Any], config: NetworkConfig) -> HeadOutputs:
    """Two levels in one: the second to last map, pooled and widened, is added to the last one.

    For small things, which the finer map still shows. There is no neck.

    Args:
        features: Maps of a backbone; the last has half the size of the one before, and 256
            channels at width 1, as `stage3` of `resnet18_stage3`.
        config: As of `detector`.

    Returns:
        As `detector`.

    Raises:
        ValueError: The last two maps have other shapes.
    """
    fine, coarse = list(features.values())[-2:]
    filters = config.channels(_CHANNELS)
    pooled = keras.layers.MaxPooling2D(2, padding="same", name="fine_pool")(fine)
    if pooled.shape[1:3] != coarse.shape[1:3] or coarse.shape[-1] != filters:
        raise ValueError(
            f"fused_detector reads two maps, the last of half the size and {filters} channels; "
            f"they are {fine.shape[1:]} and {coarse.shape[1:]}: take backbone 'resnet18_stage3'"
        )
    widened = Unit.of(config, "fine", filters, kernel_size=1)(pooled)
    return _boxes(keras.layers.Add(name="fusion_add")([coarse, widened]), config)


def _boxes(x: Any, config: NetworkConfig) -> HeadOutputs:
    for index in (1, 2):
        x = Unit.of(config, f"detector_unit{index}", config.channels(_CHANNELS))(x)
    biases = [_SCORE_BIAS] * config.classes + [_SIDE_BIAS] * _SIDES
    boxes = keras.layers.Conv2D(
        len(biases),
        1,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        bias_initializer=keras.initializers.Constant(biases),
        name="boxes",
    )(x)
    return HeadOutputs(features={"boxes": boxes}, outputs={"boxes": boxes})

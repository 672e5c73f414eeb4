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


def fpn_detector(features: Mapping[str, Any], config: NetworkConfig) -> HeadOutputs:
    """A feature pyramid (Lin et al. 2017) down to one map, the finest of the last three.

    `P_5 = l(C_5)`, `P_k = l(C_k) + up(P_{k+1})`: l is a 1x1 unit to the head's channels, up repeats
    every cell twice down and across. The two units before the boxes are the pyramid's 3x3
    convolution, and one more. There is no ReLU before a unit, whose signs would all be +1.

    Args:
        features: Maps of a backbone; each of the last three has half the size of the one before,
            as `stage2` to `stage4` of `resnet18` with last_stride 2.
        config: As of `detector`.

    Returns:
        As `detector`, of the size of the first of those three: stride 8.

    Raises:
        ValueError: There are fewer maps, or they have other sizes.
    """
    names = list(features)[-3:]
    sizes = [tuple(features[name].shape[1:3]) for name in names]
    doubled = [tuple(2 * side for side in size) for size in sizes[1:]]
    if len(names) < 3 or sizes[:-1] != doubled:
        raise ValueError(
            f"fpn_detector reads three maps, each of half the size of the one before; they are "
            f"{sizes}: take backbone 'resnet18' with last_stride=2, and multiples of 32 for "
            "input_height and input_width"
        )
    filters = config.channels(_CHANNELS)
    x = None
    for name in reversed(names):
        lateral = Unit.of(config, f"{name}_lateral", filters, kernel_size=1)(features[name])
        if x is not None:
            repeated = keras.layers.UpSampling2D(2, name=f"{name}_upsampling")(x)
            lateral = keras.layers.Add(name=f"{name}_fusion_add")([lateral, repeated])
        x = lateral
    return _boxes(x, config)


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

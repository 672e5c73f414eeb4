"""PointNet without T-Nets (Qi et al. 2017): every point alone, their maximum, two dense layers.

A point is a pixel of a map one pixel wide, a dense layer a 1x1 convolution on a single pixel, for
in this form a converter keeps it 1-bit. T-Nets would need products of two maps, which are no layer
of a 1-bit network; without them PointNet loses under a point.

The maximum over a thousand points is nearly always positive, so that its sign says nothing.
BiPointNet (Qin et al. 2021) therefore shifts it before the sign; `NetworkConfig.max_shift` says
how.
"""

import dataclasses
from statistics import NormalDist
from typing import Any

from bireid_models.config import NetworkConfig
from bireid_models.framework import keras
from bireid_models.map_layers import ConstantShift
from bireid_models.units import BATCH_NORM_EPSILON, BATCH_NORM_MOMENTUM, Unit

POINT_CHANNELS = (64, 128, 1024)
CLOUD_CHANNELS = (512, 256)
BEFORE_MAXIMUM, AFTER_MAXIMUM = "stage3_bn", "max_shift"
"""Names of the batch normalisation before the maximum, and of what shifts the maximum."""

_RELU = "bireid_models.nonlinearities:relu"


def pointnet(cloud: Any, config: NetworkConfig) -> dict[str, Any]:
    """Build PointNet; the first convolution is real-valued, all others have `config.precision`.

    Args:
        cloud: Keras tensor (N, input_height, input_width, input_channels), a point per pixel, in
            any order.
        config: Network description. Of its binarization only scale and gradients count: a sign, or
            in a real-valued network a ReLU, is the only non-linearity.

    Returns:
        `stage1` and `stage2`, the features of every point (N, H, W, C), `stage3`, those before the
        maximum, and `stage4` (N, 1, 1, C), those of the cloud.
    """
    x = cloud
    stages: dict[str, Any] = {}
    for stage, filters in enumerate(POINT_CHANNELS, start=1):
        precision = "real" if stage == 1 else config.precision
        x = stages[f"stage{stage}"] = _unit(config, f"stage{stage}", filters, precision)(x)
    rows, columns = x.shape[1:3]
    x = keras.layers.MaxPooling2D((rows, columns), name="max_pool")(x)
    x = _shifted(x, config, rows * columns)
    for index, filters in enumerate(CLOUD_CHANNELS, start=1):
        x = _unit(config, f"stage4_unit{index}", filters, config.precision)(x)
    return {**stages, "stage4": x}


def expected_maximum(count: int) -> float:
    """`Phi^-1(0.5^(1 / count))`, the median of the maximum of `count` standard normal numbers."""
    return NormalDist().inv_cdf(0.5 ** (1 / count))


def _shifted(x: Any, config: NetworkConfig, points: int) -> Any:
    if config.has_real_maps or config.max_shift == "none":
        return x
    if config.max_shift == "ema":
        return ConstantShift(-expected_maximum(points), name=AFTER_MAXIMUM)(x)
    # Without a factor, whose sign would be free: only so the shift can move before the maximum.
    return keras.layers.BatchNormalization(
        momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON, scale=False, name=AFTER_MAXIMUM
    )(x)


def _unit(config: NetworkConfig, name: str, filters: int, precision: Any) -> Unit:
    unit = Unit.of(config, name, config.channels(filters), kernel_size=1, shortcut=None)
    is_real = config.has_real_maps
    return dataclasses.replace(
        unit,
        precision=precision,
        order="fused",
        nonlinearity=_RELU if is_real else None,
        sign_shift=False,
    )

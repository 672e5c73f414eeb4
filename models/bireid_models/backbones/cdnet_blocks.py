"""The blocks of CDNet: Lite convolutions, and the CBlock that combines two depths of them.

The 1-bit network differs where a sign would see nothing but +1. Behind a ReLU and gates in 0..1 it
would, so a Lite convolution ends in batch normalisation instead, as does the fusion before the last
1x1 convolution. All 1x1 convolutions of maps are 1-bit units with the wiring of the binarization;
the depthwise ones and the gate stay real-valued, for they hold few weights.
"""

import dataclasses
from typing import Any

from bireid_models.backbones.cdnet_architecture import Choice
from bireid_models.config import NetworkConfig
from bireid_models.framework import keras
from bireid_models.fusion_gate import FusionGate
from bireid_models.initializers import depthwise_he_normal
from bireid_models.nonlinearities import relu
from bireid_models.units import Shortcut, Unit, batch_norm

_EXPANSION = 4


def chain(x: Any, config: NetworkConfig, choice: Choice, name: str, filters: int) -> Any:
    """What a choice stands for: CBlocks of its pair, of which the first changes the channels.

    Args:
        x: Keras tensor (N, H, W, C).
        config: Network description.
        choice: Pair of kernels, and number of blocks.
        name: Prefix of the names of all layers.
        filters: Channels of the result.

    Returns:
        Keras tensor (N, H, W, filters).
    """
    for index in range(1, choice.depth + 1):
        x = cblock(x, config, choice.kernels, f"{name}_block{index}", filters)
    return x


def cblock(x: Any, config: NetworkConfig, kernels: tuple[int, int], name: str, filters: int) -> Any:
    """1x1 to a quarter of the channels, two depths of Lite convolutions, fusion, 1x1 back.

    The result has a shortcut from `x`, through a 1x1 convolution where the channels differ.
    """
    inner = filters // _EXPANSION
    reduced = pointwise(x, config, f"{name}_reduce", inner, shortcut=None)
    branches = [
        lite(reduced, config, size, f"{name}_branch{number}")
        for number, size in enumerate(kernels, start=1)
    ]
    fused = FusionGate(name=f"{name}_fusion")(branches)
    if not config.has_real_maps:
        fused = batch_norm(f"{name}_fusion_bn")(fused)
    return pointwise(fused, config, f"{name}_expand", filters, skip=x)


def lite(x: Any, config: NetworkConfig, size: int, name: str) -> Any:
    """Lite convolution of a size of 3, 5, 7 or 9 pixels: 1, 2, 3 or 4 of 3 pixels in a row.

    Each is a 1x1 convolution and a depthwise 3x3 one. Real-valued, there is nothing between the
    two and a ReLU at the end; 1-bit, the 1x1 has normalisation, shortcut and non-linearity of its
    own, and the end is linear.
    """
    channels = x.shape[-1]
    for index in range(1, (size - 1) // 2 + 1):
        inner = f"{name}_lite{index}"
        if config.has_real_maps:
            x = Unit.of(config, inner, channels, kernel_size=1).convolution(f"{inner}_conv", 1)(x)
        else:
            x = pointwise(x, config, inner, channels)
        x = keras.layers.DepthwiseConv2D(
            3,
            padding="same",
            use_bias=False,
            depthwise_initializer=depthwise_he_normal(),
            name=f"{inner}_depthwise",
        )(x)
        x = batch_norm(f"{inner}_bn_out")(x)
        if config.has_real_maps:
            x = relu(x, inner)
    return x


def pointwise(
    x: Any,
    config: NetworkConfig,
    name: str,
    filters: int,
    shortcut: Shortcut | None = "projection",
    skip: Any = None,
) -> Any:
    """A unit of one 1x1 convolution; real-valued, it is convolution, normalisation, sum, ReLU.

    A real-valued unit has a shortcut only where `skip` says from where.
    """
    is_real = config.has_real_maps
    if is_real and skip is None:
        shortcut = None
    unit = Unit.of(config, name, filters, kernel_size=1, shortcut=shortcut)
    if is_real:
        unit = dataclasses.replace(
            unit, order="fused", nonlinearity="bireid_models.nonlinearities:relu"
        )
    return unit(x, skip=skip)

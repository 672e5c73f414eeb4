"""What closes a unit beside sign; `Binarization.nonlinearity` refers to these.

Each maps (N, H, W, C) to the same shape and names its layers after the unit.
"""

from typing import Any

from bireid_models.framework import keras
from bireid_models.map_layers import ChannelShift, HardSwish, HardTanh


def prelu(x: Any, name: str) -> Any:
    """PReLU with one slope per channel, 0.25 at first."""
    return keras.layers.PReLU(
        shared_axes=[1, 2],
        alpha_initializer=keras.initializers.Constant(0.25),
        name=f"{name}_prelu",
    )(x)


def rprelu(x: Any, name: str) -> Any:
    """RPReLU of ReActNet: PReLU between two learnable shifts."""
    x = ChannelShift(name=f"{name}_shift_in")(x)
    return ChannelShift(name=f"{name}_shift_out")(prelu(x, name))


def relu(x: Any, name: str) -> Any:
    """Cut off what is negative."""
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def relu6(x: Any, name: str) -> Any:
    """Clip to [0, 6], as MobileNetV2 does."""
    return keras.layers.ReLU(6.0, name=f"{name}_relu6")(x)


def hard_tanh(x: Any, name: str) -> Any:
    """Clip to [-1, 1], as IR-Net does."""
    return HardTanh(name=f"{name}_hard_tanh")(x)


def hard_swish(x: Any, name: str) -> Any:
    """X relu6(x + 3) / 6, as MobileNetV3 does."""
    return HardSwish(name=f"{name}_hard_swish")(x)

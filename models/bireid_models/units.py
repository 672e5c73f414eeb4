"""The repeating unit of a backbone: one 3x3 convolution with its own shortcut (Bi-Real Net)."""

from dataclasses import dataclass
from typing import Any

from bireid_models.config import Downsample, NetworkConfig, Precision, Surrogate, UnitOrder
from bireid_models.framework import keras
from bireid_models.layers import BinaryConv2D

BATCH_NORM_MOMENTUM = 0.9
BATCH_NORM_EPSILON = 1e-5


@dataclass(frozen=True)
class Unit:
    """One convolution with normalisation, shortcut and PReLU.

    Attributes:
        name: Prefix of the names of its layers.
        filters: Output channels.
        stride: Stride of the convolution and of the shortcut.
        kernel_size: Height and width of the kernel.
        precision: See `NetworkConfig`.
        order: See `NetworkConfig.unit_order`.
        downsample: See `NetworkConfig`.
        kernel_surrogate: See `NetworkConfig`.
        shortcut: Whether the input is added to the output.
        prelu: Whether a PReLU with one slope per channel closes the unit.
        pad_values: Value outside the map for binary convolutions.
    """

    name: str
    filters: int
    stride: int = 1
    kernel_size: int = 3
    precision: Precision = "binary"
    order: UnitOrder = "fused"
    downsample: Downsample = "real"
    kernel_surrogate: Surrogate = "poly"
    shortcut: bool = True
    prelu: bool = True
    pad_values: float = 1.0

    @classmethod
    def of(cls, config: NetworkConfig, name: str, filters: int, stride: int = 1) -> "Unit":
        """The unit that a network of this configuration is made of."""
        return cls(
            name,
            filters,
            stride,
            precision=config.precision,
            order=config.unit_order,
            downsample=config.downsample,
            kernel_surrogate=config.kernel_surrogate,
        )

    def __call__(self, x: Any) -> Any:
        """Map (N, H, W, C) to (N, ceil(H / stride), ceil(W / stride), filters)."""
        y = x
        if self.order == "paper":
            y = batch_norm(f"{self.name}_input_bn")(y)
        y = self._convolution(f"{self.name}_conv", self.kernel_size, self.stride, self.precision)(y)
        y = batch_norm(f"{self.name}_bn")(y)
        if self.order == "paper":
            return self._add(self._prelu(y), x)
        return self._prelu(self._add(y, x))

    def _convolution(self, name: str, size: int, stride: int, precision: Precision) -> Any:
        if precision == "real":
            return keras.layers.Conv2D(
                self.filters,
                size,
                strides=stride,
                padding="same",
                use_bias=False,
                kernel_initializer="he_normal",
                name=name,
            )
        return BinaryConv2D(
            self.filters,
            size,
            strides=stride,
            padding="same",
            pad_values=self.pad_values,
            kernel_surrogate=self.kernel_surrogate,
            kernel_initializer="glorot_normal",
            name=name,
        )

    def _add(self, y: Any, x: Any) -> Any:
        if not self.shortcut:
            return y
        return keras.layers.Add(name=f"{self.name}_add")([y, self._shortcut(x)])

    def _shortcut(self, x: Any) -> Any:
        name = f"{self.name}_downsample"
        if self.stride > 1:
            x = keras.layers.AveragePooling2D(
                self.stride, self.stride, padding="same", name=f"{name}_pool"
            )(x)
        if self.stride > 1 or x.shape[-1] != self.filters:
            real = "real" in (self.precision, self.downsample)
            precision: Precision = "real" if real else "binary"
            x = self._convolution(f"{name}_conv", 1, 1, precision)(x)
            x = batch_norm(f"{name}_bn")(x)
        return x

    def _prelu(self, x: Any) -> Any:
        if not self.prelu:
            return x
        return keras.layers.PReLU(
            shared_axes=[1, 2],
            alpha_initializer=keras.initializers.Constant(0.25),
            name=f"{self.name}_prelu",
        )(x)


def batch_norm(name: str, center: bool = True) -> Any:
    """Batch normalisation with the project's momentum and epsilon."""
    return keras.layers.BatchNormalization(
        momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON, center=center, name=name
    )

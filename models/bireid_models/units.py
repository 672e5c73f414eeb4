"""The repeating unit of a backbone: one convolution with normalisation, shortcut, non-linearity."""

from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any, Literal

from bireid_models.binarizations import BINARIZATIONS, Binarization
from bireid_models.binarizations.base import PRELU, Order
from bireid_models.config import Downsample, NetworkConfig, Precision
from bireid_models.framework import keras
from bireid_models.layers import BinaryActivationConv2D, BinaryConv2D, BinaryWeightConv2D
from bireid_models.map_layers import ChannelMask, ChannelShift, RepeatChannels

BATCH_NORM_MOMENTUM = 0.9
BATCH_NORM_EPSILON = 1e-5

Shortcut = Literal["projection", "repetition"]


@dataclass(frozen=True)
class Unit:
    """One convolution with normalisation, shortcut and non-linearity.

    Attributes:
        name: Prefix of the names of its layers.
        filters: Output channels.
        stride: Stride of the convolution and of the shortcut.
        kernel_size: Height and width of the kernel.
        precision: See `NetworkConfig`.
        binarization: How its binary convolutions become 1-bit.
        order: See `Binarization.order`.
        downsample: See `NetworkConfig`.
        kernel_surrogate: See `NetworkConfig`.
        shortcut: What is added to the output where the shapes differ: `projection` averages over
            the stride and goes through a 1x1 convolution, `repetition` averages and repeats the
            channels, which takes no weights. None adds nothing.
        nonlinearity: See `Binarization.nonlinearity`.
        sign_shift: See `Binarization.sign_shift`.
        pad_values: Value outside the map for binary convolutions.
        masked: Numbers of the soft mask behind the normalisation; see `NetworkConfig.masks`.
        removed: Whether a pruning took all but the shortcut.
    """

    name: str
    filters: int
    stride: int = 1
    kernel_size: int = 3
    precision: Precision = "binary"
    binarization: Binarization = BINARIZATIONS["bireid"]
    order: Order = "fused"
    downsample: Downsample = "real"
    kernel_surrogate: str = "poly"
    shortcut: Shortcut | None = "projection"
    nonlinearity: str | None = PRELU
    sign_shift: bool = False
    pad_values: float = 1.0
    masked: int = 0
    removed: bool = False

    @classmethod
    def of(
        cls,
        config: NetworkConfig,
        name: str,
        filters: int,
        stride: int = 1,
        kernel_size: int = 3,
        shortcut: Shortcut | None = "projection",
        read_once: bool = False,
    ) -> "Unit":
        """The unit that a network of this configuration is made of.

        `read_once` says that one binary convolution alone will read its output.

        A real-valued one has a PReLU whatever the binarization, for it has no sign to be non-linear
        with.
        """
        binarization = BINARIZATIONS[config.binarization]
        is_real = config.has_real_maps
        left = dict(config.pruned).get(name, filters)
        return cls(
            name,
            left or filters,
            stride,
            kernel_size,
            precision=config.precision,
            binarization=binarization,
            order=binarization.order or config.unit_order,
            downsample=config.downsample,
            kernel_surrogate=config.kernel_surrogate,
            shortcut=shortcut,
            nonlinearity=PRELU if is_real else binarization.nonlinearity,
            sign_shift=binarization.sign_shift and not is_real,
            masked=_mask_size(left, shortcut, read_once) if config.masks and not is_real else 0,
            removed=left == 0,
        )

    def __call__(self, x: Any, skip: Any = None, skip_stride: int | None = None) -> Any:
        """Map (N, H, W, C) to (N, ceil(H / stride), ceil(W / stride), filters).

        Args:
            x: Input map.
            skip: Map that the shortcut starts from; None for `x`.
            skip_stride: Stride of the shortcut; None for that of the unit.
        """
        skip = x if skip is None else skip
        skip_stride = self.stride if skip_stride is None else skip_stride
        if self.removed:
            return self._activate(self._skipped(skip, skip_stride))
        y = self.convolution(f"{self.name}_conv", self.kernel_size, self.stride)(
            self._before_convolution(x)
        )
        if self.order == "norm_first":
            return self._add(y, skip, skip_stride)
        y = batch_norm(f"{self.name}_bn")(y)
        if self.order == "paper":
            return self._add(self._activate(y), skip, skip_stride)
        if self.masked:
            y = ChannelMask(self.masked, name=f"{self.name}_mask")(y)
        return self._activate(self._add(y, skip, skip_stride))

    def _before_convolution(self, x: Any) -> Any:
        if self.order != "fused":
            x = batch_norm(f"{self.name}_input_bn")(x)
        if self.order == "norm_first":
            x = self._activate(x)
        if self.sign_shift:
            x = ChannelShift(name=f"{self.name}_sign_shift")(x)
        return x

    def convolution(
        self, name: str, size: int, stride: int = 1, precision: Precision | None = None
    ) -> Any:
        """A convolution to the channels of the unit; its precision is the unit's unless given."""
        precision = precision or self.precision
        options: dict[str, Any] = {
            "strides": stride,
            "padding": "same",
            "kernel_initializer": "glorot_normal",
            "name": name,
        }
        if precision == "real":
            options |= {"kernel_initializer": "he_normal", "use_bias": False}
            return keras.layers.Conv2D(self.filters, size, **options)
        options["binarization"] = self.binarization
        if precision == "binary_weights":
            return BinaryWeightConv2D(
                self.filters, size, kernel_surrogate=self.kernel_surrogate, **options
            )
        options["pad_values"] = self.pad_values
        if precision == "binary_activations":
            return BinaryActivationConv2D(self.filters, size, **options)
        return BinaryConv2D(self.filters, size, kernel_surrogate=self.kernel_surrogate, **options)

    def _add(self, y: Any, skip: Any, stride: int) -> Any:
        if self.shortcut is None:
            return y
        return keras.layers.Add(name=f"{self.name}_add")([y, self._skipped(skip, stride)])

    def _skipped(self, skip: Any, stride: int) -> Any:
        if stride > 1:
            skip = keras.layers.AveragePooling2D(
                stride, stride, padding="same", name=f"{self.name}_downsample_pool"
            )(skip)
        if self.shortcut == "repetition":
            return self._repeated(skip)
        if stride > 1 or skip.shape[-1] != self.filters:
            return self._projected(skip)
        return skip

    def _projected(self, skip: Any) -> Any:
        name = f"{self.name}_downsample"
        precision: Precision = "real" if self.downsample == "real" else self.precision
        return batch_norm(f"{name}_bn")(
            self.convolution(f"{name}_conv", 1, precision=precision)(skip)
        )

    def _repeated(self, skip: Any) -> Any:
        times, rest = divmod(self.filters, skip.shape[-1])
        if rest:
            raise ValueError(
                f"{self.name}: {skip.shape[-1]} channels cannot be repeated to {self.filters}"
            )
        return skip if times == 1 else RepeatChannels(times, name=f"{self.name}_repeat")(skip)

    def _activate(self, x: Any) -> Any:
        if self.nonlinearity is None:
            return x
        return resolve_name(self.nonlinearity)(x, self.name)


def _mask_size(filters: int, shortcut: Shortcut | None, read_once: bool) -> int:
    if shortcut is not None:
        return 1
    return filters if read_once else 0


def batch_norm(name: str, center: bool = True) -> Any:
    """Batch normalisation with the project's momentum and epsilon."""
    return keras.layers.BatchNormalization(
        momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON, center=center, name=name
    )

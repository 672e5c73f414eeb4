"""The 1-bit convolution and what else a binary Re-ID network needs beyond Keras."""

import math
from dataclasses import dataclass
from typing import Any

from bireid_models.binarization import BINARIZATIONS, Binarization
from bireid_models.config import Surrogate
from bireid_models.framework import keras, larq, tf
from bireid_models.surrogates import ErrorDecay, sign_quantizer, standardized


@dataclass(frozen=True)
class BinaryDeclaration:
    """What a binary layer promises, for the converter to check against the file it wrote.

    Attributes:
        name: Keras layer name.
        kernel_shape: (height, width, input channels, output channels).
        strides: (vertical, horizontal).
        padding: `same` or `valid`.
        pad_value: Value outside the map for `same`: 1 or 0.
        input_shape: (height, width, channels) of the input map.
        output_shape: (height, width, channels) of the output map.
    """

    name: str
    kernel_shape: tuple[int, int, int, int]
    strides: tuple[int, int]
    padding: str
    pad_value: float
    input_shape: tuple[int, int, int]
    output_shape: tuple[int, int, int]


class BinaryConv2D(larq.layers.QuantConv2D):
    """1-bit convolution with a factor per output channel, eq. 6.8.

    `y = scale * (sign(x) (*) sign(w))`, with sign(0) = +1. `Binarization` says what the scale is
    and what gradients sign has. The latent kernel w is clipped to [-1, 1] after each update. The
    code of Bi-Real Net and ReActNet leaves the scale out of the gradient of w; here it stays in,
    which Adam evens out.

    Args:
        filters: Output channels.
        kernel_size: Height and width of the kernel.
        binarization: Scale and surrogates.
        kernel_surrogate: `poly` (eq. 6.19) or `clip`, where the binarization leaves it open.
        pad_values: Value outside the map for `same` padding. 1 is the default because it is exact
            in every engine; 0 is not on maps under 3 pixels.
        **kwargs: Passed on to `larq.layers.QuantConv2D` (strides, padding, name).

    Attributes:
        alpha: The learned scale, `(filters,)`; None if the scale follows from the kernel.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        *,
        binarization: Binarization = BINARIZATIONS["bireid"],
        kernel_surrogate: Surrogate = "poly",
        pad_values: float = 1.0,
        **kwargs: Any,
    ) -> None:
        error_decay = _error_decay(binarization)
        super().__init__(
            filters,
            kernel_size,
            input_quantizer=sign_quantizer(binarization.activation_surrogate, error_decay),
            kernel_quantizer=_kernel_quantizer(binarization, kernel_surrogate, error_decay),
            kernel_constraint="weight_clip",
            use_bias=False,
            pad_values=pad_values,
            **kwargs,
        )
        self.binarization = binarization
        self.error_decay = error_decay
        self.alpha: Any = None

    def build(self, input_shape: Any) -> None:
        """Create the latent kernel and, if the scale is learned, alpha."""
        super().build(input_shape)
        if self.binarization.scale == "learned":
            self.alpha = self.add_weight(name="alpha", shape=(self.filters,), initializer="ones")

    def call(self, inputs: Any) -> Any:
        """Map (N, H, W, C) to (N, H', W', filters)."""
        return super().call(inputs) * self.output_scale()

    def output_scale(self) -> Any:
        """The factor behind the convolution of signs, `(filters,)`, with the scale's gradient."""
        if self.alpha is not None:
            return tf.convert_to_tensor(self.alpha)
        kernel = tf.convert_to_tensor(self.kernel)
        if self.binarization.standardized_kernels:
            kernel = standardized(kernel)
        scale = tf.reduce_mean(tf.abs(kernel), axis=[0, 1, 2])
        if self.binarization.scale == "mean_abs":
            return scale
        if self.binarization.scale == "power_of_two":
            scale = tf.pow(2.0, tf.round(tf.math.log(scale) / math.log(2.0)))
        return tf.stop_gradient(scale)

    def binary_kernel(self) -> Any:
        """The signs of w, standardised if it has to be, (height, width, in, out).

        They have the surrogate's gradient.
        """
        return self.kernel_quantizer(tf.convert_to_tensor(self.kernel))

    def declaration(self) -> BinaryDeclaration:
        """What this layer promises; the layer must be part of a built functional model."""
        height, width, channels, filters = self.kernel.shape
        return BinaryDeclaration(
            name=self.name,
            kernel_shape=(height, width, channels, filters),
            strides=tuple(self.strides),
            padding=self.padding,
            pad_value=float(self.pad_values),
            input_shape=_map_shape(self.input_shape),
            output_shape=_map_shape(self.output_shape),
        )


def _map_shape(shape: tuple[int | None, ...]) -> tuple[int, int, int]:
    _, height, width, channels = shape
    assert height is not None
    assert width is not None
    assert channels is not None
    return height, width, channels


class BinaryActivationConv2D(larq.layers.QuantConv2D):
    """Real-valued convolution of 1-bit activations, `y = sign(x) (*) w`.

    It is what the first of two training stages trains in the place of `BinaryConv2D`, with the same
    name of its kernel, so that the second stage starts from it.

    Args:
        filters: Output channels.
        kernel_size: Height and width of the kernel.
        binarization: Its surrogate for activations is used.
        pad_values: Value outside the map for `same` padding.
        **kwargs: Passed on to `larq.layers.QuantConv2D` (strides, padding, name).
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        *,
        binarization: Binarization = BINARIZATIONS["bireid"],
        pad_values: float = 1.0,
        **kwargs: Any,
    ) -> None:
        error_decay = _error_decay(binarization)
        super().__init__(
            filters,
            kernel_size,
            input_quantizer=sign_quantizer(binarization.activation_surrogate, error_decay),
            use_bias=False,
            pad_values=pad_values,
            **kwargs,
        )
        self.error_decay = error_decay


class UnitNormalize(keras.layers.Layer):
    """Scale each row to unit Euclidean length."""

    def call(self, inputs: Any) -> Any:
        """Map (N, D) to (N, D)."""
        return tf.math.l2_normalize(inputs, axis=-1)


def binary_layers(model: Any) -> list[BinaryConv2D]:
    """The binary layers of a Keras model, from input to output."""
    return [layer for layer in model.layers if isinstance(layer, BinaryConv2D)]


def _error_decay(binarization: Binarization) -> ErrorDecay | None:
    surrogates = (binarization.activation_surrogate, binarization.kernel_surrogate)
    return ErrorDecay() if "ede" in surrogates else None


def _kernel_quantizer(
    binarization: Binarization, kernel_surrogate: Surrogate, error_decay: ErrorDecay | None
) -> Any:
    surrogate = binarization.kernel_surrogate or kernel_surrogate
    sign = larq.quantizers.get(sign_quantizer(surrogate, error_decay))
    if not binarization.standardized_kernels:
        return sign
    return lambda kernel: sign(standardized(kernel))

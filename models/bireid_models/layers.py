"""The layers that a binary Re-ID network needs beyond Keras."""

from dataclasses import dataclass
from typing import Any

from bireid_models.config import Surrogate
from bireid_models.framework import keras, larq, tf


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
    """1-bit convolution with a learnable output-channel scale, eq. 6.8.

    `y = alpha * (sign(x) (*) sign(w))`, with sign(0) = +1. The gradient of sign is 2 - 2|x| on
    [-1, 1] for activations (Bi-Real Net), and `kernel_surrogate` for the latent kernel w, which is
    clipped to [-1, 1] after each update.

    Args:
        filters: Output channels.
        kernel_size: Height and width of the kernel.
        kernel_surrogate: `poly` (eq. 6.19) or `clip`.
        learnable_scale: Whether the layer owns alpha; without it alpha is 1.
        pad_values: Value outside the map for `same` padding. 1 is the default because it is exact
            in every engine; 0 is not on maps under 3 pixels.
        **kwargs: Passed on to `larq.layers.QuantConv2D` (strides, padding, name).
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        *,
        kernel_surrogate: Surrogate = "poly",
        learnable_scale: bool = True,
        pad_values: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            input_quantizer="approx_sign",
            kernel_quantizer="approx_sign" if kernel_surrogate == "poly" else "ste_sign",
            kernel_constraint="weight_clip",
            use_bias=False,
            pad_values=pad_values,
            **kwargs,
        )
        self.learnable_scale = learnable_scale
        self.alpha: Any = None

    def build(self, input_shape: Any) -> None:
        """Create the latent kernel and alpha, `(filters,)`."""
        super().build(input_shape)
        if self.learnable_scale:
            self.alpha = self.add_weight(name="alpha", shape=(self.filters,), initializer="ones")

    def call(self, inputs: Any) -> Any:
        """Map (N, H, W, C) to (N, H', W', filters)."""
        outputs = super().call(inputs)
        return outputs if self.alpha is None else outputs * self.alpha

    def binary_kernel(self) -> Any:
        """sign(w), shape (height, width, in, out), with the surrogate's gradient."""
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


class UnitNormalize(keras.layers.Layer):
    """Scale each row to unit Euclidean length."""

    def call(self, inputs: Any) -> Any:
        """Map (N, D) to (N, D)."""
        return tf.math.l2_normalize(inputs, axis=-1)


def binary_layers(model: Any) -> list[BinaryConv2D]:
    """The binary layers of a Keras model, from input to output."""
    return [layer for layer in model.layers if isinstance(layer, BinaryConv2D)]

"""The trained network's side of the parity gate, computed by TensorFlow."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bireid_models.framework import keras, tf
from bireid_models.layers import BinaryDeclaration, binary_layers
from bireid_models.map_layers import ChannelShift

from bireid_converters.keras_graph import readers


@dataclass(frozen=True)
class BinaryReference:
    """A binary layer as trained.

    Attributes:
        declaration: Geometry.
        signs: int8 (height, width, in, out), signs of the kernel with sign(0) = +1.
        multiplier: float64 (out,), scale * gamma / sigma of the layer and the batch normalisations
            right behind it.
        bias: float64 (out,), beta - mean * gamma / sigma, and a shift of ReActNet behind that.
        bias_magnitude: float64 (out,), |beta| + |mean * gamma / sigma| + |shift|: what rounding of
            the bias is relative to, since the terms may cancel.
    """

    declaration: BinaryDeclaration
    signs: np.ndarray = field(repr=False)
    multiplier: np.ndarray = field(repr=False)
    bias: np.ndarray = field(repr=False)
    bias_magnitude: np.ndarray = field(repr=False)

    @property
    def name(self) -> str:
        """Keras layer name."""
        return self.declaration.name

    def sums(self, inputs: np.ndarray) -> np.ndarray:
        """Whole-numbered sums of products, without the scale.

        Padding with p is `SAME` padding with 0 of `inputs - p`, plus p times the sum of the kernel.
        float64, in which no convolution algorithm rounds these numbers.

        Args:
            inputs: (N, H, W, in) of +1 and -1.

        Returns:
            float64 (N, H', W', out).
        """
        shape = self.declaration
        pad_value = shape.pad_value if shape.padding == "same" else 0.0
        kernel = self.signs.astype(np.float64)
        sums = tf.nn.conv2d(
            inputs.astype(np.float64) - pad_value, kernel, shape.strides, shape.padding.upper()
        )
        return np.asarray(sums) + pad_value * kernel.sum(axis=(0, 1, 2))


def binary_references(model: Any) -> list[BinaryReference]:
    """The binary layers of a Keras model, from input to output."""
    reading = readers(model)
    results = {tensor.node.layer.name for tensor in model.outputs}
    return [_reference(layer, reading, results) for layer in binary_layers(model)]


def _reference(layer: Any, reading: dict[str, list[Any]], results: set[str]) -> BinaryReference:
    multiplier = np.asarray(layer.output_scale(), np.float64)
    bias, magnitude = np.zeros_like(multiplier), np.zeros_like(multiplier)
    following = layer
    while following.name not in results and len(reading[following.name]) == 1:
        (following,) = reading[following.name]
        if isinstance(following, keras.layers.BatchNormalization):
            scale, shift, size = _batch_norm(following)
        elif isinstance(following, ChannelShift):
            shift = np.asarray(following.bias, np.float64)
            scale, size = np.ones_like(shift), np.abs(shift)
        else:
            break
        multiplier, bias = multiplier * scale, bias * scale + shift
        magnitude = magnitude * np.abs(scale) + size
    signs = np.asarray(layer.binary_kernel()).astype(np.int8)
    return BinaryReference(layer.declaration(), signs, multiplier, bias, magnitude)


def _batch_norm(layer: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scale gamma / sigma, shift beta - mean * scale, and |beta| + |mean * scale|."""
    mean = np.asarray(layer.moving_mean, np.float64)
    scale = 1 / np.sqrt(np.asarray(layer.moving_variance, np.float64) + layer.epsilon)
    if layer.scale:
        scale = scale * np.asarray(layer.gamma, np.float64)
    beta = np.asarray(layer.beta, np.float64) if layer.center else np.zeros_like(mean)
    return scale, beta - mean * scale, np.abs(beta) + np.abs(mean * scale)

"""Export of the real-valued counterpart to TensorFlow Lite in 8-bit integers."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from bireid_models.framework import tf
from bireid_models.network import Network

from bireid_converters.errors import ConversionError
from bireid_converters.keras_graph import keras_model
from bireid_converters.saved_model import saved_model

# TensorFlow Lite fixes the int8 step of this operator at 1/128: a 512-d embedding of unit length
# would be left with a dozen distinct values. It stays float behind the last integer operator.
_FLOAT_OPERATORS = ["L2_NORMALIZATION"]


def export_int8(network: Network | Any, *, representative: np.ndarray) -> bytes:
    """Quantise a real-valued network after training, weights and activations, to 8-bit integers.

    Input `image` and output `embedding` stay float32, so that the file takes the same preprocessed
    images as every other one; the first and the last operator convert.

    Args:
        network: Network, or any Keras functional model with one input.
        representative: Preprocessed images float32 (N, H, W, 3), like those of the later use: their
            activations set the ranges. About a hundred are customary.

    Returns:
        The bytes of a `.tflite` file with built-in operators only.

    Raises:
        ConversionError: There is no representative image, or they have another shape or type.
    """
    model = keras_model(network)
    expected = tuple(model.input_shape[1:])
    if representative.shape[1:] != expected or representative.dtype != np.float32:
        raise ConversionError(
            f"the representative images are {representative.dtype} {representative.shape}; int8 "
            f"needs float32 {('N', *expected)}: preprocess them for this network"
        )
    if len(representative) == 0:
        raise ConversionError("int8 needs representative images to set its ranges; there are none")

    def images() -> Iterator[list[np.ndarray]]:
        return ([image[None]] for image in representative)

    with saved_model(model, batch_size=None) as folder:
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = images
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        selective = tf.lite.experimental.QuantizationDebugger(
            converter=converter,
            debug_dataset=images,
            debug_options=tf.lite.experimental.QuantizationDebugOptions(
                denylisted_ops=_FLOAT_OPERATORS
            ),
        )
        return bytes(selective.get_nondebug_quantized_model())

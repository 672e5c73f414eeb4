"""Export of the real-valued counterpart to TensorFlow Lite in 8-bit integers."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from bireid_models.framework import tf

from bireid_converters.errors import ConversionError
from bireid_converters.flatbuffer import read_tflite
from bireid_converters.named_model import Arrays, NamedModel, named_model
from bireid_converters.saved_model import saved_model

# TensorFlow Lite gives a mean the int8 step of the map that it is taken of, and fixes that of a
# unit row at 1/128: a dozen distinct values would be left of an embedding.
_FLOAT_OPERATORS = ["MEAN", "L2_NORMALIZATION"]
_ELEMENTWISE = ("MUL", "ADD", "SUB")


def export_int8(network: NamedModel | Any, *, representative: Arrays) -> bytes:
    """Quantise a real-valued network after training, weights and activations, to 8-bit integers.

    Inputs and outputs stay float32, so that the file takes what every other one takes; the first
    and the last operator convert. They have their names in the signature `serving_default`.

    Args:
        network: What `named_model` takes.
        representative: Preprocessed inputs float32 (N, ...) by name, like those of the later use:
            their activations set the ranges. About a hundred are customary.

    Returns:
        The bytes of a `.tflite` file with built-in operators only.

    Raises:
        ConversionError: There is no representative input, or they have another shape or type.
    """
    named = named_model(network)
    for name, shape in named.input_shapes.items():
        given = representative[name]
        if given.shape[1:] != shape or given.dtype != np.float32:
            raise ConversionError(
                f"the representative inputs '{name}' are {given.dtype} {given.shape}; int8 needs "
                f"float32 {('N', *shape)}: preprocess them for this network"
            )
    count = min(len(representative[name]) for name in named.inputs)
    if count == 0:
        raise ConversionError("int8 needs representative inputs to set its ranges; there are none")

    def images() -> Iterator[dict[str, np.ndarray]]:
        return (
            {name: representative[name][index][None] for name in named.inputs}
            for index in range(count)
        )

    with saved_model(named, batch_size=None) as folder:
        float_file = bytes(tf.lite.TFLiteConverter.from_saved_model(folder).convert())
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = images
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        selective = tf.lite.experimental.QuantizationDebugger(
            converter=converter,
            debug_dataset=images,
            debug_options=tf.lite.experimental.QuantizationDebugOptions(
                denylisted_ops=_FLOAT_OPERATORS, denylisted_nodes=_behind_a_mean(float_file)
            ),
        )
        return bytes(selective.get_nondebug_quantized_model())


def _behind_a_mean(float_file: bytes) -> list[str]:
    """Names of a mean over a map and of what is made of it element by element, up to a layer.

    Factors of a batch normalisation get one int8 step for all channels, and channels of a mean
    differ much: that left 47 of 93 mAP of a network on rendered people.
    """
    model = read_tflite(float_file)
    made: set[int] = set()
    for operator in model.operators:
        follows = operator.name in _ELEMENTWISE and made.intersection(operator.inputs)
        if operator.name == "MEAN" or follows:
            made.update(operator.outputs)
    return [model.tensors[index].name for index in sorted(made)]

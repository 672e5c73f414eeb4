"""One handler per kind of Keras layer: it writes the nodes and returns the name of the result."""

from collections.abc import Callable
from typing import Any

import numpy as np
from bireid_models.framework import keras
from bireid_models.fusion_gate import FusionGate
from bireid_models.layers import BinaryConv2D, UnitNormalize
from bireid_models.map_layers import ChannelShift, HardSwish, HardTanh, RepeatChannels

from bireid_converters.onnx_export.affine import Affine
from bireid_converters.onnx_export.binary import binary_convolution
from bireid_converters.onnx_export.emission import Emission, pointwise, unsupported
from bireid_converters.onnx_export.imported_layers import IMPORTED_HANDLERS

# sqrt of the epsilon of tf.math.l2_normalize
_SMALLEST_LENGTH = np.float32(1e-6)


def _input(emission: Emission) -> str:
    if len(emission.layer.output_shape[0]) == 2:
        return emission.graph.node("Identity", emission.inputs, emission.output)
    return emission.graph.node("Transpose", emission.inputs, emission.output, perm=[0, 3, 1, 2])


def _convolution(emission: Emission) -> str:
    layer = emission.layer
    weights = np.asarray(layer.kernel, np.float64).transpose(3, 2, 0, 1)
    affine = _bias_and_norm(emission, len(weights))
    inputs = [
        emission.input,
        emission.constant("kernel", weights * affine.scale[:, None, None, None]),
    ]
    if affine.shift.any():
        inputs.append(emission.constant("bias", affine.shift))
    return emission.graph.node("Conv", inputs, emission.output, **emission.geometry(layer.groups))


def _depthwise(emission: Emission) -> str:
    layer = emission.layer
    kernel = np.asarray(layer.depthwise_kernel, np.float64)
    channels = kernel.shape[2] * kernel.shape[3]
    affine = _bias_and_norm(emission, channels)
    # The copies of an input channel stand side by side in both layouts.
    weights = kernel.reshape(*kernel.shape[:2], 1, channels).transpose(3, 2, 0, 1)
    inputs = [
        emission.input,
        emission.constant("kernel", weights * affine.scale[:, None, None, None]),
    ]
    if affine.shift.any():
        inputs.append(emission.constant("bias", affine.shift))
    return emission.graph.node(
        "Conv", inputs, emission.output, **emission.geometry(kernel.shape[2])
    )


def _dense(emission: Emission) -> str:
    layer = emission.layer
    if len(layer.input_shape) != 2:
        raise unsupported(emission.layer, "a Dense layer on a map")
    affine = _bias_and_norm(emission, layer.units)
    inputs = [
        emission.input,
        # Output channels first, as in a convolution.
        emission.constant("kernel", (np.asarray(layer.kernel, np.float64) * affine.scale).T),
    ]
    if affine.shift.any():
        inputs.append(emission.constant("bias", affine.shift))
    return emission.graph.node("Gemm", inputs, emission.output, transB=1)


def _bias_and_norm(emission: Emission, channels: int) -> Affine:
    affine = Affine.identity(channels)
    if emission.layer.use_bias:
        affine = Affine(affine.scale, np.asarray(emission.layer.bias, np.float64))
    return affine if emission.affine is None else affine.then(emission.affine)


def _batch_norm(emission: Emission) -> str:
    rank = len(emission.layer.input_shape)
    if list(emission.layer.axis) != [rank - 1]:
        raise unsupported(
            emission.layer, f"batch normalisation over axis {list(emission.layer.axis)}"
        )
    return emission.add_affine(emission.input, Affine.of_batch_norm(emission.layer))


def _prelu(emission: Emission) -> str:
    slopes = np.asarray(emission.layer.alpha)
    if slopes.ndim == 3:
        slopes = slopes.transpose(2, 0, 1)
    return emission.graph.node(
        "PRelu", [emission.input, emission.constant("slopes", slopes)], emission.output
    )


def _activation(emission: Emission) -> str:
    function = emission.layer.activation
    if function is keras.activations.linear:
        return emission.input
    if function is keras.activations.sigmoid:
        return emission.graph.node("Sigmoid", emission.inputs, emission.output)
    if function is not keras.activations.relu:
        raise unsupported(
            emission.layer, f"the activation {getattr(function, '__name__', function)!r}"
        )
    return emission.graph.node("Relu", emission.inputs, emission.output)


def _relu(emission: Emission) -> str:
    layer = emission.layer
    if layer.negative_slope or layer.threshold:
        raise unsupported(emission.layer, "a ReLU with negative_slope or threshold")
    if layer.max_value is not None:
        limits = [
            emission.constant(part, np.array(value, np.float32))
            for part, value in (("lowest", 0), ("highest", layer.max_value))
        ]
        return emission.graph.node("Clip", [emission.input, *limits], emission.output)
    return emission.graph.node("Relu", emission.inputs, emission.output)


def _channel_shift(emission: Emission) -> str:
    shift = np.asarray(emission.layer.bias)[:, None, None]
    return emission.graph.node(
        "Add", [emission.input, emission.constant("shift", shift)], emission.output
    )


def _hard_tanh(emission: Emission) -> str:
    limits = [
        emission.graph.constant(f"constant/{name}", np.float32(value))
        for name, value in (("minus_one", -1), ("one", 1))
    ]
    return emission.graph.node("Clip", [emission.input, *limits], emission.output)


def _hard_swish(emission: Emission) -> str:
    return emission.graph.node("HardSwish", emission.inputs, emission.output)


def _repeat_channels(emission: Emission) -> str:
    layer = emission.layer
    channels = layer.input_shape[-1]
    ones = emission.constant("ones", np.ones((channels * layer.times, 1, 1, 1)))
    return emission.graph.node(
        "Conv", [emission.input, ones], emission.output, **pointwise(channels)
    )


def _add(emission: Emission) -> str:
    operator = "Add" if len(emission.inputs) == 2 else "Sum"
    return emission.graph.node(operator, emission.inputs, emission.output)


def _multiply(emission: Emission) -> str:
    if len(emission.inputs) != 2:
        raise unsupported(emission.layer, "a product of more than two maps")
    return emission.graph.node("Mul", emission.inputs, emission.output)


def _average_pool(emission: Emission) -> str:
    # Like TensorFlow, the average is over the pixels of the map, not over the padding.
    return _pool(emission, "AveragePool", count_include_pad=0)


def _max_pool(emission: Emission) -> str:
    return _pool(emission, "MaxPool")


def _pool(emission: Emission, operator: str, **attributes: Any) -> str:
    layer = emission.layer
    return emission.graph.node(
        operator,
        emission.inputs,
        emission.output,
        kernel_shape=layer.pool_size,
        strides=layer.strides,
        pads=emission.pads(layer.pool_size),
        **attributes,
    )


def _upsampling(emission: Emission) -> str:
    layer = emission.layer
    if layer.interpolation != "nearest":
        raise unsupported(layer, f"{layer.interpolation} upsampling")
    scales = emission.constant("scales", np.array([1, 1, *layer.size], np.float32))
    # Whole factors: the cell of an output pixel is its place divided by the factor, rounded down.
    return emission.graph.node(
        "Resize",
        [emission.input, "", scales],
        emission.output,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def _global_average_pool(emission: Emission) -> str:
    graph, layer = emission.graph, emission.layer
    if layer.keepdims:
        return graph.node("GlobalAveragePool", emission.inputs, emission.output)
    average = graph.node("GlobalAveragePool", emission.inputs, f"{layer.name}/average")
    return graph.node("Flatten", [average], emission.output)


def _flatten(emission: Emission) -> str:
    x, shape = emission.input, emission.layer.input_shape
    if len(shape) == 4 and tuple(shape[1:3]) != (1, 1):
        # Pixel by pixel, as Keras has it.
        x = emission.graph.node("Transpose", [x], f"{emission.layer.name}/nhwc", perm=[0, 2, 3, 1])
    return emission.graph.node("Flatten", [x], emission.output)


def _concatenate(emission: Emission) -> str:
    rank = len(emission.layer.output_shape)
    if emission.layer.axis not in (-1, rank - 1):
        raise unsupported(emission.layer, f"a Concatenate over axis {emission.layer.axis}")
    return emission.graph.node("Concat", emission.inputs, emission.output, axis=1)


def _fusion_gate(emission: Emission) -> str:
    graph, layer, name = emission.graph, emission.layer, emission.layer.name
    stored = {}
    for part in ("reduction", "expansion"):
        kernel = np.asarray(getattr(layer, part)).transpose(3, 2, 0, 1)
        stored[part] = [
            emission.constant(f"{part}_kernel", kernel),
            emission.constant(f"{part}_bias", np.asarray(getattr(layer, f"{part}_bias"))),
        ]
    gated = []
    for number, x in enumerate(emission.inputs, start=1):
        at = f"{name}/gate{number}"
        pooled = graph.node("GlobalAveragePool", [x], f"{at}/pool")
        reduced = graph.node(
            "Conv", [pooled, *stored["reduction"]], f"{at}/reduction", **pointwise()
        )
        kept = graph.node("Relu", [reduced], f"{at}/relu")
        expanded = graph.node(
            "Conv", [kept, *stored["expansion"]], f"{at}/expansion", **pointwise()
        )
        factors = graph.node("Sigmoid", [expanded], f"{at}/sigmoid")
        gated.append(graph.node("Mul", [x, factors], f"{at}/gated"))
    return graph.node("Add", gated, emission.output)


def _zero_padding(emission: Emission) -> str:
    (top, bottom), (left, right) = emission.layer.padding
    pads = emission.constant("pads", np.array([0, 0, top, left, 0, 0, bottom, right], np.int64))
    return emission.graph.node("Pad", [emission.input, pads], emission.output)


def _unit_normalize(emission: Emission) -> str:
    graph, name = emission.graph, emission.layer.name
    axis = graph.constant("constant/last_axis", np.array([-1], np.int64))
    length = graph.node("ReduceL2", [emission.input, axis], f"{name}/length")
    smallest = graph.constant("constant/smallest_length", _SMALLEST_LENGTH)
    length = graph.node("Max", [length, smallest], f"{name}/positive_length")
    return graph.node("Div", [emission.input, length], emission.output)


def _identity(emission: Emission) -> str:
    return emission.input


Handler = Callable[[Emission], str]

HANDLERS: dict[type, Handler] = {
    keras.layers.InputLayer: _input,
    keras.layers.Conv2D: _convolution,
    BinaryConv2D: binary_convolution,
    keras.layers.DepthwiseConv2D: _depthwise,
    keras.layers.Dense: _dense,
    keras.layers.BatchNormalization: _batch_norm,
    keras.layers.PReLU: _prelu,
    keras.layers.ReLU: _relu,
    keras.layers.Activation: _activation,
    keras.layers.Add: _add,
    keras.layers.Multiply: _multiply,
    keras.layers.AveragePooling2D: _average_pool,
    keras.layers.MaxPooling2D: _max_pool,
    keras.layers.UpSampling2D: _upsampling,
    keras.layers.GlobalAveragePooling2D: _global_average_pool,
    keras.layers.Flatten: _flatten,
    keras.layers.ZeroPadding2D: _zero_padding,
    keras.layers.Dropout: _identity,
    keras.layers.Concatenate: _concatenate,
    UnitNormalize: _unit_normalize,
    FusionGate: _fusion_gate,
    ChannelShift: _channel_shift,
    HardTanh: _hard_tanh,
    HardSwish: _hard_swish,
    RepeatChannels: _repeat_channels,
    **IMPORTED_HANDLERS,
}

# Layers that take the batch normalisations and shifts behind them into their own numbers.
ABSORBING = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    BinaryConv2D,
    keras.layers.Dense,
)

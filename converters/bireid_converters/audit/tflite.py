"""The audit of a `.tflite` file: of Larq Compute Engine, float or int8."""

import math
from collections import Counter

import numpy as np
from bireid_runtime.errors import UnsupportedModelError

from bireid_converters.audit.record import Audit, LayerAudit, expected_bytes
from bireid_converters.flatbuffer import Operator, Tensor, TfliteModel, read_tflite

_FLOAT_OPERATORS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
# How the operation of a convolution or dense layer is called in the name of a tensor.
_PRODUCTS = ("BinaryConv2D", "Conv2D", "depthwise", "MatMul")
_CHANNEL_OPERATORS = ("ADD", "SUB", "MUL")
# Operators that hand values on, at most with a border around them.
_TRANSPARENT = ("PAD", "PADV2", "QUANTIZE", "DEQUANTIZE", "RESHAPE")


def audit_lce(data: bytes) -> Audit:
    """Audit a Larq Compute Engine flatbuffer.

    Args:
        data: Bytes of the file.

    Raises:
        UnsupportedModelError: The file is damaged, or no layer in it is 1-bit.
    """
    audit = audit_tflite(data)
    if not audit.operators.get("LceBconv2d"):
        raise UnsupportedModelError(
            "no operator LceBconv2d: the file was not converted from a binary network, or every "
            "binary layer fell back to float; audit it as a plain .tflite file"
        )
    return audit


def audit_tflite(data: bytes) -> Audit:
    """Audit any `.tflite` file.

    Args:
        data: Bytes of the file.

    Raises:
        UnsupportedModelError: The file is damaged, or holds no convolution and no dense layer.
    """
    model = read_tflite(data)
    layers = tuple(_layers(model).values())
    return Audit(len(data), Counter(each.name for each in model.operators), layers)


def layer_names(data: bytes) -> dict[int, str]:
    """Names of the convolutions and dense layers, as an audit has them, by operator number.

    Args:
        data: Bytes of a `.tflite` file.

    Raises:
        UnsupportedModelError: The file is damaged.
    """
    return {number: layer.name for number, layer in _layers(read_tflite(data)).items()}


def _layers(model: TfliteModel) -> dict[int, LayerAudit]:
    """The convolutions and dense layers in order of execution, by operator number."""
    names: set[str] = set()
    layers = {}
    for operator in model.operators:
        if operator.name == "LceBconv2d" or operator.name in _FLOAT_OPERATORS:
            layer = layers[operator.index] = _layer(model, operator, names)
            names.add(layer.name)
    return layers


def reason_for_float(model: TfliteModel, operator: Operator) -> str:
    """Why a convolution or dense layer is not 1-bit, as far as the file tells.

    Args:
        model: Model as read.
        operator: A float or int8 operator of it.
    """
    source, border = _source(model, model.operand(operator, 0).index)
    if source is None:
        return "it reads the input"
    weights = _weights(model, operator)
    if operator.name == "DEPTHWISE_CONV_2D" and np.all(weights.value() == 1):
        return "it repeats channels for a shortcut"
    if not _has_one_magnitude(weights):
        return "its kernel is real"
    if source.name != "LceDequantize":
        return f"its input, of {source.name}, is not a sign that the converter recognises"
    if border not in (None, 0.0, 1.0):
        return f"it pads with {border:g}, and 1-bit convolution pads with 1 or 0"
    return f"the converter has no 1-bit form of this {operator.name}"


def keras_layers(tensor_name: str) -> list[str]:
    """Keras layers that a tensor came from, as `MODEL/LAYER/OPERATION;...` tells, last one first.

    The converter cuts names off after 50 characters: what is incomplete is left out.
    """
    return [layer for layer, _ in _layers_and_operations(tensor_name)]


def _layer(model: TfliteModel, operator: Operator, taken: set[str]) -> LayerAudit:
    weights = _weights(model, operator)
    output = model.tensors[operator.outputs[0]]
    if len(weights.shape) not in (2, 4) or len(output.shape) < 2:
        raise UnsupportedModelError(
            f"{operator.name} number {operator.index}: weights of shape {weights.shape} and output "
            f"of shape {output.shape}; only 2-D convolutions and dense layers can be audited"
        )
    precision = "1-bit" if operator.name == "LceBconv2d" else weights.dtype
    shape = _kernel_shape(operator, weights)
    count = math.prod(shape)
    output_shape = output.shape[1:]
    if operator.name == "LceBconv2d":
        output_shape = (*output_shape[:2], shape[-1])
    return LayerAudit(
        name=_name(model, operator, weights, taken),
        operator=operator.name,
        precision=precision,
        reason=_float_before_sign(model, operator)
        if precision == "1-bit"
        else reason_for_float(model, operator),
        kernel_shape=shape,
        output_shape=output_shape,
        weights=count,
        macs=count * math.prod(output_shape[:-1]),
        expected_bytes=expected_bytes(count, precision),
        stored_bytes=weights.value().nbytes,
    )


def _weights(model: TfliteModel, operator: Operator) -> Tensor:
    """The stored weights of an operator, behind a DEQUANTIZE if there is one."""
    tensor = model.operand(operator, 1)
    producer = model.producer(tensor.index)
    if producer is not None and producer.name == "DEQUANTIZE":
        return model.operand(producer, 0)
    return tensor


def _kernel_shape(operator: Operator, weights: Tensor) -> tuple[int, int, int, int]:
    if operator.name == "FULLY_CONNECTED":
        outputs, inputs = weights.shape
        return (1, 1, inputs, outputs)
    outputs, height, width, inputs = weights.shape
    if operator.name == "DEPTHWISE_CONV_2D":
        return (height, width, 1, inputs)
    if operator.name == "LceBconv2d":
        # 32 channels to a word; with groups, each word belongs to one group.
        inputs = min(32 * inputs, operator.options["channels_in"])
    return (height, width, inputs, outputs)


def _name(model: TfliteModel, operator: Operator, weights: Tensor, taken: set[str]) -> str:
    """Binary layers: from the signs they read; others: from their weights or their output."""
    output = model.tensors[operator.outputs[0]]
    sources = [weights, output]
    if operator.name == "LceBconv2d":
        sources = [model.operand(operator, 0), output]
    for tensor in sources:
        for name in _convolution_first(tensor.name):
            # Two convolutions may read the same signs; the second is called after its output.
            if (found := _before_folding(name)) not in taken:
                return found
    return f"{operator.name} {operator.index}"


def _before_folding(layer: str) -> str:
    """The convolution of a name that folding gave to its batch normalisation.

    Networks of `bireid_models` call them X_conv and X_bn, and no product has the latter's name.
    """
    return f"{layer.removesuffix('_bn')}_conv" if layer.endswith("_bn") else layer


def _convolution_first(tensor_name: str) -> list[str]:
    pairs = _layers_and_operations(tensor_name)
    products = [layer for layer, operation in pairs if _is_product(operation)]
    return products + [layer for layer, _ in pairs]


def _is_product(operation: str) -> bool:
    """The last operation of a name may be cut short, down to nothing."""
    return operation.startswith(_PRODUCTS) or any(
        operation and product.startswith(operation) for product in _PRODUCTS
    )


def _layers_and_operations(tensor_name: str) -> list[tuple[str, str]]:
    parts = [segment.split("/") for segment in tensor_name.split(";")]
    return [(part[1], part[-1]) for part in parts if len(part) > 2]


def _source(model: TfliteModel, tensor: int) -> tuple[Operator | None, float | None]:
    """What computes a tensor, padding and type changes aside, and the value padded with."""
    border = None
    producer = model.producer(tensor)
    while producer is not None and producer.name in _TRANSPARENT:
        if producer.name == "PADV2":
            border = float(model.operand(producer, 2).value().reshape(-1)[0])
        producer = model.producer(model.operand(producer, 0).index, before=producer)
    return producer, border


def _float_before_sign(model: TfliteModel, operator: Operator) -> str:
    """The operators per channel that the sign of a binary layer alone reads, as one line."""
    names: list[str] = []
    reader = model.producer(model.operand(operator, 0).index)
    while reader is not None:
        reader = _channel_operator_before(model, reader)
        if reader is not None:
            names.insert(0, reader.name)
    return f"float before its sign: {', '.join(names)}" if names else ""


def _channel_operator_before(model: TfliteModel, reader: Operator) -> Operator | None:
    """What computes the map that an operator reads, if per channel and for this reader alone."""
    maps = _maps(model, reader)
    operator = model.producer(maps[0], before=reader) if len(maps) == 1 else None
    if operator is None or operator.name not in _CHANNEL_OPERATORS:
        return None
    readers = sum(maps[0] in each.inputs for each in model.operators)
    return operator if readers == 1 and len(_maps(model, operator)) == 1 else None


def _maps(model: TfliteModel, operator: Operator) -> list[int]:
    """The tensors that an operator reads and that are no constants."""
    return [i for i in operator.inputs if i >= 0 and model.tensors[i].constant is None]


def _has_one_magnitude(weights: Tensor) -> bool:
    """Whether all weights of an output channel are +-1 times one number."""
    if weights.dtype != "float32":
        return False
    magnitudes = np.abs(weights.value().reshape(weights.shape[0], -1))
    if magnitudes.shape[1] < 2:
        return False
    largest = magnitudes.max(axis=1)
    return bool(np.all(largest - magnitudes.min(axis=1) <= 1e-5 * largest))

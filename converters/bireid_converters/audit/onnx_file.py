"""The audit of an ONNX file: binary, float or int8."""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from bireid_runtime.errors import UnsupportedModelError
from google.protobuf.message import DecodeError

from bireid_converters.audit.record import Audit, LayerAudit, expected_bytes

MAX_FILE_BYTES = 1 << 28
# The checker is happy with nodes without inputs, types that do not exist and sizes that do not fit.
_DAMAGE = (
    DecodeError,
    onnx.checker.ValidationError,
    onnx.shape_inference.InferenceError,
    AttributeError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
)
_LAYERS = ("Conv", "Gemm", "MatMul")
# Of QONNX: signs times a number.
_BIPOLAR = "BipolarQuant"
_TRANSPARENT = ("Pad", "Transpose", "Identity", "QuantizeLinear", "DequantizeLinear")


def read_onnx(data: bytes) -> Any:
    """Read an ONNX file whose weights are inside it, and infer all shapes.

    Args:
        data: Bytes of the file.

    Returns:
        An `onnx.ModelProto`.

    Raises:
        UnsupportedModelError: It is no sound ONNX file, is larger than 256 MiB, or keeps weights
            in other files.
    """
    if len(data) > MAX_FILE_BYTES:
        raise UnsupportedModelError(
            f".onnx file: {len(data)} bytes, more than {MAX_FILE_BYTES}; is it the right file?"
        )
    with _refusing_damage():
        model = onnx.load_from_string(data)
        if any(onnx.external_data_helper.uses_external_data(t) for t in model.graph.initializer):
            raise UnsupportedModelError(
                "the .onnx file keeps weights in other files; save it with all weights inside"
            )
        onnx.checker.check_model(model)
        return onnx.shape_inference.infer_shapes(model, data_prop=True)


def audit_onnx(data: bytes) -> Audit:
    """Audit an ONNX file.

    Weights count as 1-bit if they are stored as bits and unpacked by standard operators, or are the
    signs of QONNX, and the layer reads signs.

    Args:
        data: Bytes of the file.

    Raises:
        UnsupportedModelError: The file is damaged, or holds no convolution and no dense layer.
    """
    model = read_onnx(data)
    with _refusing_damage():
        graph = _Graph.of(model.graph)
        layers = tuple(_layer(graph, node) for node in graph.nodes if node.op_type in _LAYERS)
        return Audit(len(data), Counter(node.op_type for node in graph.nodes), layers)


@contextmanager
def _refusing_damage() -> Iterator[None]:
    """What onnx raises on a file that is none, as one line."""
    try:
        yield
    except _DAMAGE as error:
        reason = str(error).strip().splitlines()
        raise UnsupportedModelError(
            f"damaged .onnx file ({reason[0][:200] if reason else 'no reason given'}); convert or "
            "copy it again"
        ) from error


@dataclass(frozen=True)
class _Graph:
    nodes: list[Any]
    constants: dict[str, Any]
    producers: dict[str, Any]
    shapes: dict[str, tuple[int, ...]]
    inputs: frozenset[str]

    @classmethod
    def of(cls, graph: Any) -> "_Graph":
        constants = {tensor.name: tensor for tensor in graph.initializer}
        shapes = {name: tuple(tensor.dims) for name, tensor in constants.items()}
        for value in (*graph.value_info, *graph.output):
            # A symbolic size, that of the batch, reads as 0.
            shapes[value.name] = tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
        return cls(
            nodes=list(graph.node),
            constants=constants,
            producers={name: node for node in graph.node for name in node.output},
            shapes=shapes,
            inputs=frozenset(each.name for each in graph.input) - constants.keys(),
        )

    def shape(self, tensor: str, node: Any) -> tuple[int, ...]:
        if tensor not in self.shapes:
            raise UnsupportedModelError(
                f"{node.op_type} {node.name!r}: the shape of {tensor!r} does not follow from the "
                ".onnx file; export it with fixed sizes"
            )
        return self.shapes[tensor]


@dataclass(frozen=True)
class _Weights:
    """Stored weights: the initialiser that holds them, and how."""

    tensor: Any
    precision: str

    @property
    def nbytes(self) -> int:
        array: np.ndarray = onnx.numpy_helper.to_array(self.tensor)
        return array.nbytes


def _layer(graph: _Graph, node: Any) -> LayerAudit:
    if node.op_type == "MatMul" and _is_computed(graph, node.input[1]):
        return _product_of_maps(graph, node)
    weights = _stored_weights(graph, node)
    reason = _reason_for_float(graph, node, weights)
    kernel = _kernel_shape(node, graph.shape(node.input[1], node))
    output = graph.shape(node.output[0], node)[1:]
    channels_last = (*output[1:], output[0]) if node.op_type == "Conv" else output
    count = math.prod(kernel)
    precision = weights.precision if weights.precision != "1-bit" or not reason else "float32"
    return LayerAudit(
        name=_name(node, weights),
        operator=node.op_type,
        precision=precision,
        reason=reason,
        kernel_shape=kernel,
        output_shape=channels_last,
        weights=count,
        macs=count * math.prod(channels_last[:-1]),
        expected_bytes=expected_bytes(count, weights.precision),
        stored_bytes=weights.nbytes,
    )


def _product_of_maps(graph: _Graph, node: Any) -> LayerAudit:
    """Of attention: work without weights."""
    inner = graph.shape(node.input[1], node)[-2]
    output = graph.shape(node.output[0], node)[1:]
    return LayerAudit(
        name=node.name or node.output[0],
        operator=node.op_type,
        precision="float32",
        reason="it multiplies two maps",
        kernel_shape=(1, 1, inner, output[-1]),
        output_shape=output,
        weights=0,
        macs=inner * math.prod(output),
        expected_bytes=0,
        stored_bytes=0,
    )


def _is_computed(graph: _Graph, tensor: str) -> bool:
    """Whether a tensor hangs on the network's input, by more than its size."""
    waiting, seen = [tensor], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name in graph.constants:
            continue
        seen.add(name)
        if name in graph.inputs:
            return True
        node = graph.producers.get(name)
        if node is not None and node.op_type != "Shape":
            waiting.extend(node.input)
    return False


def _name(node: Any, weights: _Weights) -> str:
    """`LAYER` of the weights `LAYER/kernel`, else the name of the node."""
    layer, slash, _ = weights.tensor.name.partition("/")
    return layer if slash and layer else node.name or node.output[0]


def _kernel_shape(node: Any, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    if node.op_type == "Conv" and len(shape) == 4:
        outputs, inputs, height, width = shape
        return (height, width, inputs, outputs)
    if node.op_type != "Conv" and len(shape) == 2:
        transposed = any(entry.name == "transB" and entry.i for entry in node.attribute)
        inputs, outputs = shape[::-1] if transposed else shape
        return (1, 1, inputs, outputs)
    raise UnsupportedModelError(
        f"{node.op_type} {node.name!r}: weights of shape {shape}; only 2-D convolutions and dense "
        "layers can be audited"
    )


def _stored_weights(graph: _Graph, node: Any) -> _Weights:
    """The largest constant that the weights of a layer are computed from."""
    constants, operators = _ancestors(graph, node.input[1])
    if not constants:
        raise UnsupportedModelError(
            f"{node.op_type} {node.name!r}: its weights are not stored in the .onnx file; only "
            "trained networks can be audited"
        )
    tensor = max(constants, key=lambda each: math.prod(each.dims))
    precision = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).name
    if (precision == "uint8" and "BitwiseAnd" in operators) or _BIPOLAR in operators:
        precision = "1-bit"
    return _Weights(tensor, precision)


def _ancestors(graph: _Graph, tensor: str) -> tuple[list[Any], set[str]]:
    """Constants and operators that a tensor is computed from."""
    constants, operators, waiting, seen = [], set(), [tensor], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in graph.constants:
            constants.append(graph.constants[name])
        elif name in graph.producers:
            operators.add(graph.producers[name].op_type)
            waiting.extend(graph.producers[name].input)
    return constants, operators


def _reason_for_float(graph: _Graph, node: Any, weights: _Weights) -> str:
    name, source = node.input[0], graph.producers.get(node.input[0])
    while source is not None and source.op_type in _TRANSPARENT:
        name, source = source.input[0], graph.producers.get(source.input[0])
    if source is None:
        return "it reads the input"
    if weights.precision != "1-bit":
        return _reason_for_real_kernel(node, weights)
    signs = source.op_type == "Where" and _are_signs(graph, source)
    if not signs and source.op_type != _BIPOLAR:
        return f"its input {name!r}, of {source.op_type}, is not a sign"
    return ""


def _reason_for_real_kernel(node: Any, weights: _Weights) -> str:
    grouped = any(entry.name == "group" and entry.i > 1 for entry in node.attribute)
    if grouped and np.all(onnx.numpy_helper.to_array(weights.tensor) == 1):
        return "it repeats channels for a shortcut"
    return "its kernel is real"


def _are_signs(graph: _Graph, where: Any) -> bool:
    branches = [graph.constants.get(name) for name in where.input[1:]]
    return all(
        branch is not None and np.all(np.abs(onnx.numpy_helper.to_array(branch)) == 1)
        for branch in branches
    )

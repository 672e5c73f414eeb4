"""Tiny `.tflite` files around one LCE operator, and what the LCE interpreter makes of them.

The files are written as flatbuffers, so that an operator may have every option that LCE knows, also
those that its converter never writes.
"""

from functools import cache
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from bireid_runtime.backends.lce import _package_without_init
from flatbuffers import Builder, flexbuffers
from lce_cases import ACTIVATIONS, Case, Convolution
from numpy_reference import pack_signs, window_count

_TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "int32": schema.TensorType.INT32,
    "int8": schema.TensorType.INT8,
    "bool": schema.TensorType.BOOL,
}
_PADDINGS = {"same": 0, "valid": 1}


def write_model(*cases: Case) -> bytes:
    """The `.tflite` file of a case: quantise, the operator, and dequantise if it writes bits.

    Of several cases each operator but the last writes the bits that the next one reads.
    """
    first, last = cases[0], cases[-1]
    graph = GraphWriter()
    image = graph.tensor(
        "image", (first.batch, *first.size, first.channels), first.source, _source_int8(first)
    )
    result = graph.tensor("packed", (first.batch, *first.size, _words(first.channels)), "int32")
    graph.operator("LceQuantize", [image], [result])
    for case in cases:
        write = _write_convolution if isinstance(case, Convolution) else _write_max_pool
        result = write(graph, case, result)
    if last.writes_bits:
        packed, kind = result, last.output.removeprefix("bits-")
        shape = (last.batch, *_output_size(last), last.output_channels)
        result = graph.tensor("unpacked", shape, kind, _output_int8(last))
        graph.operator("LceDequantize", [packed], [result])
    return graph.finish([image], [result])


def input_of(case: Case) -> np.ndarray:
    """A random input, with the values that a quantiser can get wrong among the floats."""
    rng = np.random.default_rng([case.seed, 1])
    shape = (case.batch, *case.size, case.channels)
    if case.source == "bool":
        return rng.random(shape) < 0.5
    if case.source == "int8":
        return rng.integers(-128, 128, shape, dtype=np.int8)
    # No subnormal numbers: LCE's interpreter flushes them to zero, stock LiteRT does not.
    special = np.array([0, -0.0, np.nan, np.inf, -np.inf, 1e-37, -1e-37], np.float32)
    values = rng.normal(size=shape).astype(np.float32)
    return np.where(rng.random(shape) < 0.1, rng.choice(special, shape), values)


@cache
def lce_output(*cases: Case) -> np.ndarray:
    """What the LCE interpreter computes, in the mode that computes the last case right."""
    mode = cases[-1].lce_mode if isinstance(cases[-1], Convolution) else "default"
    return run_lce(write_model(*cases), input_of(cases[0]), mode)


def run_lce(flatbuffer: bytes, image: np.ndarray, mode: str) -> np.ndarray:
    """Run the LCE interpreter on a model of one input and one output.

    Args:
        flatbuffer: The model.
        image: Its input.
        mode: Kernels of LceBconv2d: `reference`, `default` or `indirect`.

    Raises:
        RuntimeError: The interpreter refuses the model.
    """
    with _package_without_init():
        from larq_compute_engine.tflite.python.interpreter import Interpreter

        interpreter = Interpreter(
            flatbuffer,
            use_reference_bconv=mode == "reference",
            use_indirect_bgemm=mode == "indirect",
        )
    # Its own `predict` would cut the batch into single images.
    (result,) = interpreter.interpreter.predict([image])
    return np.asarray(result)


def _words(channels: int) -> int:
    return -(-channels // 32)


def _source_int8(case: Case) -> tuple[float, int] | None:
    """Scale and zero point of an int8 input."""
    return (0.05, (0, -128, 127, 13)[case.seed % 4]) if case.source == "int8" else None


def _output_int8(case: Case) -> tuple[float, int] | None:
    """Scale and zero point of an int8 output."""
    if not case.output.endswith("int8"):
        return None
    return (1.0, 0.03, 0.4, 0.007)[case.seed % 4], (0, 5, -128, 90)[case.seed // 4 % 4]


def _output_size(case: Case) -> list[int]:
    dilation = case.dilation if isinstance(case, Convolution) else (1, 1)
    each = zip(case.size, case.kernel, case.stride, dilation, strict=True)
    return [window_count(*sizes, case.padding) for sizes in each]


def _write_max_pool(graph: "GraphWriter", case: Case, packed: int) -> int:
    shape = (case.batch, *_output_size(case), _words(case.channels))
    pooled = graph.tensor("pooled", shape, "int32")
    options = {
        "filter_height": case.kernel[0],
        "filter_width": case.kernel[1],
        "stride_height": case.stride[0],
        "stride_width": case.stride[1],
        "padding": _PADDINGS[case.padding],
    }
    graph.operator("LceBMaxPool2d", [packed], [pooled], options)
    return pooled


def _write_convolution(graph: "GraphWriter", case: Convolution, packed: int) -> int:
    rng = np.random.default_rng([case.seed, 2])
    group_channels = case.channels // case.groups
    signs = rng.random((case.filters, *case.kernel, group_channels)) < 0.5
    kernel = graph.constant("kernel", pack_signs(signs).view(np.int32))
    operands = _write_transform(graph, case, rng, signs[0].size)
    elements, kind, quantisation = case.filters, case.output, _output_int8(case)
    if case.writes_bits:
        elements, kind, quantisation = _words(case.filters), "int32", None
    shape = (case.batch, *_output_size(case), elements)
    result = graph.tensor("result", shape, kind, quantisation)
    options = {
        "channels_in": case.channels,
        "dilation_height_factor": case.dilation[0],
        "dilation_width_factor": case.dilation[1],
        "fused_activation_function": ACTIVATIONS.index(case.activation),
        "pad_values": case.pad_value,
        "padding": _PADDINGS[case.padding],
        "stride_height": case.stride[0],
        "stride_width": case.stride[1],
    }
    graph.operator("LceBconv2d", [packed, kernel, *operands], [result], options)
    return result


def _write_transform(
    graph: "GraphWriter", case: Convolution, rng: np.random.Generator, taps: int
) -> list[int]:
    """Multiplier and bias of numbers, or thresholds of bits; the others are left out."""
    if case.writes_bits:
        near = rng.normal(taps / 2, taps**0.5 + 1, case.filters).round().astype(np.int32)
        extreme = rng.choice(np.array([-(2**31), -1, 0, taps, 2**31 - 1], np.int32), case.filters)
        thresholds = np.where(rng.random(case.filters) < 0.15, extreme, near)
        return [-1, -1, graph.constant("thresholds", thresholds)]
    if case.exact:
        multiplier = rng.choice([-2, -1, -0.5, -0.25, 0.25, 0.5, 1, 2], case.filters)
        bias = rng.integers(-16, 17, case.filters) / 2
    else:
        multiplier = rng.normal(size=case.filters) * 4 / taps**0.5
        bias = rng.normal(size=case.filters)
    return [
        graph.constant("multiplier", multiplier.astype(np.float32)),
        graph.constant("bias", bias.astype(np.float32)),
        -1,
    ]


class GraphWriter:
    """Collects the tensors and operators of a graph."""

    def __init__(self) -> None:
        self._model = schema.ModelT()
        self._model.version = 3
        self._model.operatorCodes, self._model.buffers = [], [schema.BufferT()]
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._model.subgraphs = [self._graph]

    def tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        kind: str,
        quantisation: tuple[float, int] | None = None,
    ) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, np.asarray(shape, np.int32), _TYPES[kind]
        if quantisation:
            scale, zero_point = quantisation
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = np.array([scale], np.float32)
            tensor.quantization.zeroPoint = np.array([zero_point], np.int64)
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def constant(self, name: str, value: np.ndarray) -> int:
        index = self.tensor(name, value.shape, str(value.dtype))
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(value.tobytes(), np.uint8)
        self._graph.tensors[index].buffer = len(self._model.buffers)
        self._model.buffers.append(buffer)
        return index

    def operator(
        self,
        code: str,
        inputs: list[int],
        outputs: list[int],
        options: dict[str, int] | None = None,
    ) -> None:
        """Add a custom operator."""
        operator = self._add(schema.BuiltinOperator.CUSTOM, inputs, outputs)
        self._model.operatorCodes[-1].customCode = code
        if options:
            operator.customOptions = np.frombuffer(flexbuffers.Dumps(options), np.uint8)

    def builtin(
        self, name: str, inputs: list[int], outputs: list[int], options: Any = None
    ) -> None:
        """Add an operator of LiteRT's own, with a table of its options from the schema."""
        operator = self._add(getattr(schema.BuiltinOperator, name), inputs, outputs)
        if options is not None:
            table = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, table)
            operator.builtinOptions = options

    def _add(self, code: int, inputs: list[int], outputs: list[int]) -> Any:
        kind = schema.OperatorCodeT()
        kind.builtinCode, kind.deprecatedBuiltinCode = code, min(code, 127)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self._model.operatorCodes)
        operator.inputs = np.asarray(inputs, np.int32)
        operator.outputs = np.asarray(outputs, np.int32)
        self._model.operatorCodes.append(kind)
        self._graph.operators.append(operator)
        return operator

    def finish(self, inputs: list[int], outputs: list[int]) -> bytes:
        self._graph.inputs = np.asarray(inputs, np.int32)
        self._graph.outputs = np.asarray(outputs, np.int32)
        builder = Builder(1 << 12)
        builder.Finish(self._model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

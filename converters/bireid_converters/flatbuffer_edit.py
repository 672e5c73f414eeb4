"""Edit `.tflite` flatbuffers: hand out inner tensors, cut one layer out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import Builder, flexbuffers

from bireid_converters.flatbuffer import IDENTIFIER, Operator, TfliteModel, reading


def with_outputs(model: TfliteModel, tensors: Sequence[int]) -> bytes:
    """The same graph with other outputs, so that an interpreter hands out inner tensors.

    Args:
        model: Model as read.
        tensors: Tensor indices, in the order wanted; each is written by some operator.

    Returns:
        Bytes of a `.tflite` file.
    """
    with reading():
        edited = schema.ModelT.InitFromPackedBuf(model.data, 0)
        edited.subgraphs[0].outputs = np.asarray(tensors, dtype=np.int32)
        edited.signatureDefs = []
        return _packed(edited)


def cut_binary_convolution(model: TfliteModel, operator: Operator) -> bytes:
    """One LceBconv2d alone, behind an LceQuantize, handing out its integer sums.

    The post-activation multiplier becomes 1, the bias 0 and a fused activation is dropped: the
    float output (1, H', W', filters) is then the plain sum of products of +1 and -1.

    Args:
        model: Model as read.
        operator: An `LceBconv2d` of it.

    Returns:
        Bytes of a `.tflite` file from float32 (1, H, W, C) to float32 (1, H', W', filters).
    """
    filters = model.operand(operator, 1)
    _, height, width, words = model.operand(operator, 0).shape
    out_height, out_width = model.tensors[operator.outputs[0]].shape[1:3]
    channels, out_channels = operator.options["channels_in"], filters.shape[0]
    float32, int32 = schema.TensorType.FLOAT32, schema.TensorType.INT32
    cut = _GraphWriter()
    image = cut.tensor("image", (1, height, width, channels), float32)
    signs = cut.tensor("signs", (1, height, width, words), int32)
    kernel = cut.tensor("kernel", filters.shape, int32, filters.value())
    multiplier = cut.tensor(
        "multiplier", (out_channels,), float32, np.ones(out_channels, np.float32)
    )
    bias = cut.tensor("bias", (out_channels,), float32, np.zeros(out_channels, np.float32))
    sums = cut.tensor("sums", (1, out_height, out_width, out_channels), float32)
    cut.custom("LceQuantize", [image], [signs], {})
    cut.custom(
        "LceBconv2d",
        [signs, kernel, multiplier, bias, -1],
        [sums],
        {**operator.options, "fused_activation_function": 0},
    )
    return cut.finish([image], [sums])


class _GraphWriter:
    """Collects tensors and custom operators of a small graph."""

    def __init__(self) -> None:
        self._model = schema.ModelT()
        self._model.version = 3
        self._model.operatorCodes, self._model.buffers = [], [schema.BufferT()]
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._model.subgraphs = [self._graph]

    def tensor(
        self, name: str, shape: Sequence[int], dtype: int, constant: np.ndarray | None = None
    ) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, np.asarray(shape, np.int32), dtype
        if constant is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(constant.tobytes(), np.uint8)
            tensor.buffer = len(self._model.buffers)
            self._model.buffers.append(buffer)
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def custom(
        self, code: str, inputs: list[int], outputs: list[int], options: dict[str, int]
    ) -> None:
        kind = schema.OperatorCodeT()
        kind.customCode = code
        kind.builtinCode = kind.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self._model.operatorCodes)
        operator.inputs = np.asarray(inputs, np.int32)
        operator.outputs = np.asarray(outputs, np.int32)
        if options:
            operator.customOptions = np.frombuffer(flexbuffers.Dumps(options), np.uint8)
        self._model.operatorCodes.append(kind)
        self._graph.operators.append(operator)

    def finish(self, inputs: list[int], outputs: list[int]) -> bytes:
        self._graph.inputs = np.asarray(inputs, np.int32)
        self._graph.outputs = np.asarray(outputs, np.int32)
        return _packed(self._model)


def _packed(model: Any) -> bytes:
    builder = Builder(1 << 16)
    builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
    return bytes(builder.Output())

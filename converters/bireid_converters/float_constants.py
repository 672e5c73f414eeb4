"""Where a model file holds its float numbers, so that the files of two cameras can be compared."""

from dataclasses import dataclass

import numpy as np
from bireid_runtime.errors import UnsupportedModelError

from bireid_converters.flatbuffer import read_tflite

_RAW_NUMBER = np.dtype("<f4")

# Fields of the ONNX messages, as onnx.proto numbers them.
_MODEL_GRAPH = 7
_GRAPH_INITIALIZER = 5
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 8, 9
_ONNX_FLOAT = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10

Field = tuple[int, int, int, int]
"""Number, value of a varint, first byte of the content, first byte behind it."""


@dataclass(frozen=True)
class FloatConstant:
    """float32 numbers that lie side by side in a model file.

    Attributes:
        name: What the file calls them.
        offset: Of the first byte.
        shape: Their shape; of a kernel, the output channels come first.
    """

    name: str
    offset: int
    shape: tuple[int, ...]

    @property
    def end(self) -> int:
        """Offset of the first byte behind them."""
        return self.offset + int(np.prod(self.shape)) * _RAW_NUMBER.itemsize

    def values(self, data: bytes) -> np.ndarray:
        """The numbers, float32, of the shape; a read-only view."""
        count = int(np.prod(self.shape))
        return np.frombuffer(data, _RAW_NUMBER, count, self.offset).reshape(self.shape)


def tflite_constants(data: bytes) -> tuple[FloatConstant, ...]:
    """Find the float constants of a `.tflite` file, in the order of their offsets.

    Raises:
        UnsupportedModelError: The file is damaged.
    """
    model = read_tflite(data)
    start = _address(np.frombuffer(model.data, np.uint8))
    found: dict[int, FloatConstant] = {}
    for tensor in model.tensors:
        if tensor.dtype == "float32" and tensor.constant is not None and tensor.constant.size:
            # Tensors may share their numbers.
            offset = _address(tensor.constant) - start
            found.setdefault(offset, FloatConstant(tensor.name, offset, tensor.shape))
    return tuple(found[offset] for offset in sorted(found))


def onnx_constants(data: bytes) -> tuple[FloatConstant, ...]:
    """Find the float32 initialisers of an `.onnx` file, in the order of their offsets.

    Raises:
        UnsupportedModelError: The file is damaged.
    """
    try:
        return tuple(
            constant
            for graph in _messages(data, (0, 0, 0, len(data)), _MODEL_GRAPH)
            for tensor in _messages(data, graph, _GRAPH_INITIALIZER)
            if (constant := _onnx_tensor(data, tensor)) is not None
        )
    except (IndexError, ValueError) as error:
        raise UnsupportedModelError(f"damaged .onnx file ({error}); convert it again") from error


def _address(array: np.ndarray) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _onnx_tensor(data: bytes, tensor: Field) -> FloatConstant | None:
    dims: list[int] = []
    kind, name, raw = 0, "", None
    for field in _fields(data, tensor):
        number, value, begin, end = field
        if number == _TENSOR_DIMS:
            dims += _integers(data, field)
        elif number == _TENSOR_TYPE:
            kind = value
        elif number == _TENSOR_NAME:
            name = data[begin:end].decode("utf-8")
        elif number == _TENSOR_RAW:
            raw = (begin, end)
    if kind != _ONNX_FLOAT or raw is None or raw[0] == raw[1]:
        return None
    constant = FloatConstant(name, raw[0], tuple(dims))
    if constant.end != raw[1]:
        raise ValueError(f"initialiser {name!r} has another size than its shape says")
    return constant


def _integers(data: bytes, field: Field) -> list[int]:
    """A repeated integer: one value, or several packed into bytes."""
    _, value, place, end = field
    if place == end:
        return [value]
    values = []
    while place < end:
        value, place = _varint(data, place)
        values.append(value)
    return values


def _messages(data: bytes, message: Field, wanted: int) -> list[Field]:
    return [field for field in _fields(data, message) if field[0] == wanted]


def _fields(data: bytes, message: Field) -> list[Field]:
    """The fields of a protobuf message; a varint has no content, only a value."""
    place, end = message[2:]
    fields = []
    while place < end:
        key, place = _varint(data, place)
        value, begin = 0, place
        if key & 7 == _VARINT:
            value, place = _varint(data, place)
            begin = place
        elif key & 7 == _BYTES:
            length, begin = _varint(data, place)
            place = begin + length
        elif key & 7 in (_FIXED32, _FIXED64):
            place += 4 if key & 7 == _FIXED32 else 8
        else:
            raise ValueError(f"a field of wire type {key & 7}")
        if place > end:
            raise ValueError("a field ends behind its message")
        fields.append((key >> 3, value, begin, place))
    return fields


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for index in range(_MAX_VARINT_BYTES):
        byte = data[place + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, place + index + 1
    raise ValueError("a number of more than ten bytes")

"""Read `.tflite` flatbuffers without TensorFlow; `bireid_converters.flatbuffer_edit` edits them.

A file is untrusted: every vector is bounded before it is walked, every index is checked, and
whatever the flatbuffers reader stumbles over becomes an `UnsupportedModelError`.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from bireid_runtime.errors import UnsupportedModelError
from flatbuffers import flexbuffers

MAX_FILE_BYTES = 1 << 28
_MAX_ELEMENTS = 1 << 16
_MAX_RANK = 8
_MAX_NAME_CHARACTERS = 4096
_MAX_OPTIONS = 32
IDENTIFIER = b"TFL3"
SIGNATURE = "serving_default"
_BINARY_CONVOLUTION_OPTIONS = {
    *("channels_in", "fused_activation_function", "padding", "pad_values"),
    *("stride_height", "stride_width", "dilation_height_factor", "dilation_width_factor"),
}
# What the flatbuffers package raises on bytes that are not what they claim to be.
_READ_ERRORS = (struct.error, ValueError, LookupError, TypeError, AttributeError, OverflowError)

_BUILTIN_NAMES = {
    code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)
}
_TYPE_NAMES = {
    code: name.lower() for name, code in vars(schema.TensorType).items() if isinstance(code, int)
}
_NUMPY_TYPES = {f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)} | {
    "float16",
    "float32",
    "float64",
    "bool",
}


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph.

    Attributes:
        index: Position in the graph's list of tensors.
        name: Name the converter gave it, from the Keras layers it came from.
        shape: Sizes; (1, H, W, C) for maps.
        dtype: Type name of the schema in lower case: `float32`, `int32`, `int8`.
        constant: Its value if it is stored in the file, else None. A read-only view.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    constant: np.ndarray | None = field(repr=False, compare=False)

    def value(self) -> np.ndarray:
        """The stored constant.

        Raises:
            UnsupportedModelError: The tensor is computed, not stored.
        """
        if self.constant is None:
            raise UnsupportedModelError(
                f"tensor {self.name!r} is not stored in the .tflite file; only trained networks "
                "with constant weights are supported"
            )
        return self.constant


@dataclass(frozen=True)
class Operator:
    """A step of the graph.

    Attributes:
        index: Position in execution order.
        name: Built-in name (`CONV_2D`) or custom code (`LceBconv2d`).
        inputs: Tensor indices; -1 for an input that is left out.
        outputs: Tensor indices.
        options: Integer options of an LCE operator; empty for others.
    """

    index: int
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, int]


@dataclass(frozen=True)
class Signature:
    """The public names of inputs and outputs.

    Attributes:
        inputs: Tensor index by name.
        outputs: Tensor index by name.
    """

    inputs: Mapping[str, int]
    outputs: Mapping[str, int]


@dataclass(frozen=True)
class TfliteModel:
    """The one graph of a `.tflite` file.

    Attributes:
        data: The bytes it was read from.
        tensors: All tensors.
        operators: All operators in execution order.
        inputs: Tensor indices of the graph's inputs.
        outputs: Tensor indices of the graph's outputs.
        signature: The signature `serving_default`, or the only one; without one, the names of the
            tensors.
    """

    data: bytes = field(repr=False)
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    signature: Signature

    def producer(self, tensor: int, before: Operator | None = None) -> Operator | None:
        """The operator that writes a tensor, None for inputs and constants.

        Args:
            tensor: Tensor index.
            before: Consider only operators executed before this one.
        """
        end = len(self.operators) if before is None else before.index
        return next((each for each in self.operators[:end] if tensor in each.outputs), None)

    def operand(self, operator: Operator, position: int) -> Tensor:
        """The tensor that an operator reads at a position.

        Raises:
            UnsupportedModelError: The operator has no such input.
        """
        if len(operator.inputs) <= position or operator.inputs[position] < 0:
            raise UnsupportedModelError(
                f"{operator.name} number {operator.index} of the .tflite file has no input "
                f"{position}; convert the network again"
            )
        return self.tensors[operator.inputs[position]]


def read_tflite(data: bytes) -> TfliteModel:
    """Read a `.tflite` file.

    Args:
        data: Its bytes.

    Raises:
        UnsupportedModelError: It is no sound `.tflite` file, is larger than 256 MiB, or holds
            something other than one graph.
    """
    if len(data) > MAX_FILE_BYTES:
        raise UnsupportedModelError(
            f".tflite file: {len(data)} bytes, more than {MAX_FILE_BYTES}; is it the right file?"
        )
    if data[4:8] != IDENTIFIER:
        raise UnsupportedModelError("not a .tflite file: the mark TFL3 is missing; convert again")
    with reading():
        model = schema.Model.GetRootAs(bytes(data), 0)
        if model.SubgraphsLength() != 1:
            raise ValueError(f"{model.SubgraphsLength()} graphs where one is expected")
        graph = model.Subgraphs(0)
        tensors = tuple(
            _tensor(model, graph.Tensors(index), index)
            for index in _range(graph.TensorsLength(), _MAX_ELEMENTS, "tensors")
        )
        operators = tuple(
            _operator(model, graph.Operators(index), index, len(tensors))
            for index in _range(graph.OperatorsLength(), _MAX_ELEMENTS, "operators")
        )
        for operator in operators:
            _check_operator(operator, tensors)
        inputs = _indices(graph.InputsLength(), graph.Inputs, len(tensors))
        outputs = _indices(graph.OutputsLength(), graph.Outputs, len(tensors))
        return TfliteModel(
            data=bytes(data),
            tensors=tensors,
            operators=operators,
            inputs=inputs,
            outputs=outputs,
            signature=_signature(model, len(tensors))
            or Signature(
                {tensors[index].name: index for index in inputs},
                {tensors[index].name: index for index in outputs},
            ),
        )


def ordered_names(names: Mapping[str, int], tensors: Sequence[int]) -> list[str]:
    """The public names of tensors, in the order of the tensors.

    Args:
        names: Tensor index by name, of a `Signature`.
        tensors: Inputs or outputs of the graph.

    Raises:
        UnsupportedModelError: A tensor has no name.
    """
    by_tensor = {index: name for name, index in names.items()}
    if missing := [index for index in tensors if index not in by_tensor]:
        raise UnsupportedModelError(
            f"the signature of the .tflite file does not name tensor {missing[0]}; convert again"
        )
    return [by_tensor[index] for index in tensors]


def unpack_signs(words: np.ndarray, channels: int) -> np.ndarray:
    """Unpack LCE's bits: 32 channels to a word, lowest bit first, a set bit is -1.

    Args:
        words: int32 (..., ceil(channels / 32)).
        channels: How many channels the words hold.

    Returns:
        int8 (..., channels) of +1 and -1.
    """
    octets = np.ascontiguousarray(words, dtype="<i4").view(np.uint8)
    bits = np.unpackbits(octets, axis=-1, bitorder="little")[..., :channels]
    return 1 - 2 * bits.astype(np.int8)


@contextmanager
def reading() -> Iterator[None]:
    """Turn what the flatbuffers package raises on damaged bytes into `UnsupportedModelError`."""
    try:
        yield
    except _READ_ERRORS as error:
        reason = " ".join(str(error).split())
        raise UnsupportedModelError(
            f"damaged .tflite file ({type(error).__name__}: {reason}); convert or copy it again"
        ) from error


def _range(length: int, limit: int, what: str) -> range:
    if length > limit:
        raise ValueError(f"{length} {what}, more than {limit}")
    return range(length)


def _indices(length: int, item: Any, tensors: int, optional: bool = False) -> tuple[int, ...]:
    found = tuple(item(position) for position in _range(length, _MAX_ELEMENTS, "indices"))
    if any(not -optional <= index < tensors for index in found):
        raise ValueError(f"tensor indices {found[:8]} of {tensors} tensors")
    return found


def _signature(model: Any, tensors: int) -> Signature | None:
    count = len(_range(model.SignatureDefsLength(), _MAX_ELEMENTS, "signatures"))
    signatures = [model.SignatureDefs(index) for index in range(count)]
    wanted = [each for each in signatures if each.SignatureKey() == SIGNATURE.encode()]
    if not wanted and len(signatures) != 1:
        return None
    chosen = (wanted or signatures)[0]
    return Signature(
        _named_tensors(chosen.InputsLength(), chosen.Inputs, tensors),
        _named_tensors(chosen.OutputsLength(), chosen.Outputs, tensors),
    )


def _named_tensors(length: int, item: Any, tensors: int) -> dict[str, int]:
    entries = [item(position) for position in _range(length, _MAX_ELEMENTS, "names")]
    if any(not entry.TensorIndex() < tensors for entry in entries):
        raise ValueError("a signature names a tensor that does not exist")
    return {_text(entry.Name()): entry.TensorIndex() for entry in entries}


def _text(raw: bytes | None) -> str:
    if raw is None:
        return ""
    if len(raw) > _MAX_NAME_CHARACTERS:
        raise ValueError(f"a name of {len(raw)} characters")
    return raw.decode("utf-8")


def _tensor(model: Any, tensor: Any, index: int) -> Tensor:
    shape = tuple(
        tensor.Shape(axis) for axis in _range(tensor.ShapeLength(), _MAX_RANK, "dimensions")
    )
    if any(size < 0 for size in shape):
        raise ValueError(f"shape {shape}")
    dtype = _TYPE_NAMES.get(tensor.Type(), f"type {tensor.Type()}")
    name = _text(tensor.Name())
    if not tensor.Buffer() < model.BuffersLength():
        raise ValueError(f"buffer {tensor.Buffer()} of {model.BuffersLength()}")
    buffer = model.Buffers(tensor.Buffer())
    if buffer.Offset() > 1:
        raise ValueError("constants outside the flatbuffer")
    constant = None
    if buffer.DataLength():
        constant = buffer.DataAsNumpy()
        if dtype in _NUMPY_TYPES:
            constant = constant.view(dtype).reshape(shape)
    return Tensor(index, name, shape, dtype, constant)


def _operator(model: Any, operator: Any, index: int, tensors: int) -> Operator:
    if not operator.OpcodeIndex() < model.OperatorCodesLength():
        raise ValueError(f"operator code {operator.OpcodeIndex()}")
    code = model.OperatorCodes(operator.OpcodeIndex())
    # Old files keep the number in the deprecated 8-bit field.
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    name = _text(code.CustomCode()) or _BUILTIN_NAMES.get(number, f"operator {number}")
    options = {}
    if name.startswith("Lce") and operator.CustomOptionsLength():
        options = _integer_options(operator.CustomOptionsAsNumpy().tobytes())
    return Operator(
        index=index,
        name=name,
        inputs=_indices(operator.InputsLength(), operator.Inputs, tensors, optional=True),
        outputs=_indices(operator.OutputsLength(), operator.Outputs, tensors),
        options=options,
    )


def _check_operator(operator: Operator, tensors: tuple[Tensor, ...]) -> None:
    if not operator.outputs:
        raise ValueError(f"{operator.name} number {operator.index} without output")
    if operator.name != "LceBconv2d":
        return
    missing = _BINARY_CONVOLUTION_OPTIONS - operator.options.keys()
    if missing or len(operator.inputs) != 5:
        raise ValueError(
            f"LceBconv2d with {len(operator.inputs)} inputs, without {sorted(missing)}"
        )
    signs, kernel, output = (
        tensors[index] for index in (*operator.inputs[:2], operator.outputs[0])
    )
    if kernel.constant is None or kernel.dtype != "int32":
        raise ValueError("LceBconv2d without a stored int32 kernel")
    if not len(signs.shape) == len(kernel.shape) == len(output.shape) == 4:
        raise ValueError("LceBconv2d of other than four dimensions")


def _integer_options(raw: bytes) -> dict[str, int]:
    """The FlexBuffer map of an LCE operator, refused unless it is a flat map of integers."""
    root = flexbuffers.GetRoot(raw)
    if not root.IsMap:
        raise ValueError("operator options are no map")
    entries = root.AsMap
    _range(len(entries), _MAX_OPTIONS, "operator options")
    keys, values = entries.Keys, entries.Values
    options = {}
    for position in range(len(entries)):
        if not values[position].IsInt:
            raise ValueError("an operator option is no integer")
        options[keys[position].AsKey] = values[position].AsInt
    return options

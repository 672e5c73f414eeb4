"""Looking into an ONNX file before an engine runs it.

An ONNX file is a program. A few hundred bytes can loop for ever, or ask for gigabytes, and ONNX
Runtime can neither be interrupted nor given a limit. So a file is run only if it is made of
operators whose work follows from the sizes of its weights and of the input.
"""

import math
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.protobuf import fields, integers

ALLOW = "BIREID_FOREIGN_OPERATORS"
"""Environment variable; 1 runs whatever an ONNX file holds."""

# fmt: off
KNOWN_OPERATORS = frozenset((
    # What the exporter writes.
    "Add", "AveragePool", "BitwiseAnd", "Cast", "Clip", "Conv", "Div", "Flatten", "Gemm",
    "GlobalAveragePool", "GreaterOrEqual", "Identity", "Max", "MaxPool", "Mul", "PRelu", "Pad",
    "ReduceL2", "Relu", "Reshape", "Resize", "Slice", "Sum", "Transpose", "Where",
    # What other exporters write for the same networks.
    "BatchNormalization", "Concat", "Equal", "Exp", "LpNormalization", "MatMul", "Min", "Not",
    "Pow", "ReduceMean", "ReduceSum", "Sigmoid", "Sign", "Softmax", "Sqrt", "Squeeze", "Sub",
    "Tanh", "Unsqueeze",
    # What networks of other projects add to these.
    "Abs", "And", "Ceil", "Constant", "Cos", "Elu", "Erf", "Floor", "Gather", "Gelu",
    "GlobalMaxPool", "Greater", "HardSigmoid", "HardSwish", "InstanceNormalization",
    "LayerNormalization", "LeakyRelu", "Less", "LessOrEqual", "Log", "Mod", "Neg", "Or",
    "Reciprocal", "ReduceMax", "Round", "Shape", "Sin", "Softplus", "Split",
))
# fmt: on

_MAX_PADDING = 1024
# Of all resizing in a file together: times as many numbers.
_MAX_ENLARGEMENT = 4096
_STANDARD_DOMAINS = ("", "ai.onnx")
# Numbers of fields in onnx.proto.
_GRAPH, _FUNCTIONS = 7, 25
_NODE, _INITIALIZER, _SPARSE = 1, 5, 15
_INPUT, _OPERATOR, _ATTRIBUTE, _DOMAIN = 1, 4, 5, 7
_NAME, _VALUE, _SUBGRAPHS, _INTS = 1, 5, (6, 11), 8
_FLOAT_DATA, _INT64_DATA, _TENSOR_NAME, _RAW_DATA, _LOCATION = 4, 7, 8, 9, 14
# Places of the inputs of Resize.
_SCALES, _SIZES = 2, 3


def require_known_operators(
    data: bytes, source: str, beside: frozenset[tuple[str, str]] = frozenset()
) -> None:
    """Refuse an ONNX file that could run for ever or take any memory.

    Args:
        data: Its bytes, untrusted.
        source: What errors call it.
        beside: Domain and name of further operators that whoever runs it knows.

    Raises:
        UnsupportedModelError: It is no ONNX file, keeps weights in other files, or holds an
            operator, a function or an amount of padding that no network here needs, and `ALLOW` is
            not set.
    """
    if os.environ.get(ALLOW) == "1":
        return
    try:
        for reason in _reasons(memoryview(data), beside):
            raise UnsupportedModelError(
                f"{source}: {reason}; if you trust the file, set {ALLOW}=1 to run it all the same"
            )
    except ValueError as error:
        raise UnsupportedModelError(f"{source}: damaged .onnx file ({error})") from error


def _reasons(model: memoryview, beside: frozenset[tuple[str, str]]) -> Iterator[str]:
    for number, value in fields(model):
        if number == _FUNCTIONS:
            yield "it defines functions of its own"
        if number == _GRAPH:
            yield from _reasons_of_graph(_message(value), beside)


def _reasons_of_graph(graph: memoryview, beside: frozenset[tuple[str, str]]) -> Iterator[str]:
    amounts: set[str] = set()
    padding: dict[str, int] = {}
    resizing: list[str] = []
    scales: dict[str, float] = {}
    for number, value in fields(graph):
        if number == _SPARSE:
            yield "it holds sparse weights"
        elif number == _INITIALIZER:
            tensor = _tensor(_message(value))
            padding[tensor.name] = tensor.most
            scales[tensor.name] = max(scales.get(tensor.name, 0.0), _enlargement(tensor.floats))
        elif number == _NODE:
            yield from _reasons_of_node(_message(value), amounts, resizing, beside)
    for name in sorted(amounts):
        if padding.get(name, _MAX_PADDING + 1) > _MAX_PADDING:
            yield f"it pads by {name[:60]!r}, which is no constant up to {_MAX_PADDING}"
    if not math.prod(scales.get(name, math.inf) for name in resizing) <= _MAX_ENLARGEMENT:
        yield f"it resizes by no constants, or to more than {_MAX_ENLARGEMENT} times as much"


def _reasons_of_node(
    node: memoryview,
    amounts: set[str],
    resizing: list[str],
    beside: frozenset[tuple[str, str]],
) -> Iterator[str]:
    """Why a node is not run.

    The names of tensors that say how much to pad go to `amounts`, those that say how many times as
    large to become to `resizing`.
    """
    inputs: list[str] = []
    operator = domain = ""
    reasons: list[str] = []
    for number, value in fields(node):
        if number == _INPUT:
            inputs.append(_text(value))
        elif number == _OPERATOR:
            operator = _text(value)
        elif number == _DOMAIN:
            domain = _text(value)
        elif number == _ATTRIBUTE:
            reasons += _reasons_of_attribute(_message(value))
    if (domain, operator) not in beside:
        if operator not in KNOWN_OPERATORS:
            yield f"it holds the operator {operator[:60]!r}, which no network here needs"
        if domain not in _STANDARD_DOMAINS:
            yield f"it holds operators of {domain[:60]!r}"
    yield from reasons
    if operator == "Pad":
        amounts.update(inputs[1:2])
    if operator == "Resize":
        if any(inputs[_SIZES:]):
            yield "it resizes to given sizes"
        resizing.append(inputs[_SCALES] if len(inputs) > _SCALES else "")


def _reasons_of_attribute(attribute: memoryview) -> Iterator[str]:
    name, most = "", 0
    for number, value in fields(attribute):
        if number == _NAME:
            name = _text(value)
        elif number in _SUBGRAPHS:
            yield "it holds graphs inside operators"
        elif number == _VALUE:
            # Of a constant: looked into for where its numbers are kept.
            _tensor(_message(value))
        elif number == _INTS:
            most = max([most, *map(abs, integers(value))])
    if name == "pads" and most > _MAX_PADDING:
        yield f"it pads by {most}, more than {_MAX_PADDING}"


class _Tensor(NamedTuple):
    """A constant: its name, the largest whole number and the floats that it may hold."""

    name: str
    most: int
    floats: tuple[float, ...]


def _tensor(tensor: memoryview) -> _Tensor:
    """What it holds as far as it may be int64, and as far as it may be float32."""
    name, most, floats = "", 0, list[float]()
    for number, value in fields(tensor):
        if number == _TENSOR_NAME:
            name = _text(value)
        elif number == _INT64_DATA:
            most = max([most, *map(abs, integers(value))])
        elif number == _LOCATION and value == 1:
            raise ValueError("it keeps weights in other files")
        elif number in (_RAW_DATA, _FLOAT_DATA):
            raw = _message(value)
            # Amounts of padding and scales are few; of weights nothing is asked.
            if len(raw) > 1024:
                floats.append(math.inf)
                continue
            floats += np.frombuffer(raw[: len(raw) // 4 * 4], "<f4").tolist()
            if number == _RAW_DATA and len(raw) % 8 == 0:
                most = max([most, *map(abs, np.frombuffer(raw, "<i8").tolist())])
    return _Tensor(name, most, tuple(floats))


def _enlargement(scales: Sequence[float]) -> float:
    """How many times as many numbers come of resizing; infinite of what are no scales."""
    if not scales or not all(0 < scale < math.inf for scale in scales):
        return math.inf
    return math.prod(max(scale, 1.0) for scale in scales)


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number stands where a message belongs")
    return value


def _text(value: int | memoryview) -> str:
    return bytes(_message(value)).decode("utf-8", "replace")

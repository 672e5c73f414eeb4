"""`Expand` as additions of zeros.

Exporters write it for a token that every image gets. How much it makes follows from numbers that
the file computes, so a device could not see that it is little; here they are worked out for two
numbers of images, and what is left is as large as the file's own constants.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

# What no device runs. The second one makes sizes for the first.
REPLACED = frozenset((("", "Expand"), ("", "ConstantOfShape")))
_ARITHMETIC = frozenset((
    "Add", "Cast", "Concat", "Constant", "ConstantOfShape", "Div", "Equal", "Gather", "Identity",
    "Max", "Min", "Mul", "Reshape", "Shape", "Slice", "Squeeze", "Sub", "Unsqueeze", "Where",
))  # fmt: skip
# Of a size there are as many numbers as axes; of zeros not more than a small layer's weights.
_MOST_AXES = 64
_MOST_ZEROS = 2**20
_MOST_EXPANSIONS = 64
_MOST_NODES = 512
# Numbers of images whose sizes are compared: an axis with both is that of the batch.
_BATCHES = (2, 3)
# `Slice` takes its borders as inputs since.
_LEAST_OPSET = 10
_KINDS = frozenset((TensorProto.FLOAT, TensorProto.INT64))

_Shapes = Mapping[str, tuple[int, tuple[int, ...]]]


class _UnknownError(Exception):
    """A size that does not follow from the number of images."""


def replace_expansions(model: Any, image: str, shape: Sequence[int]) -> None:
    """Make additions of every `Expand` whose result grows with the number of images alone.

    Others stay, and so the file is refused; what only their sizes needed goes.

    Args:
        model: The `onnx.ModelProto`, of operators that are known or `REPLACED`; changed in place.
        image: Name of its image.
        shape: Axes of one image, without the batch.
    """
    opset = max((each.version for each in model.opset_import if not each.domain), default=0)
    graph = model.graph
    found = [node for node in graph.node if node.op_type == "Expand" and len(node.input) == 2]
    if opset < _LEAST_OPSET or not 0 < len(found) <= _MOST_EXPANSIONS:
        return
    for number, node in enumerate(found):
        try:
            made = _additions(model, node, image, shape, f"expand/{number}")
        except _UnknownError:
            return
        place = list(graph.node).index(node)
        kept = [*graph.node[:place], *made, *graph.node[place + 1 :]]
        del graph.node[:]
        graph.node.extend(kept)
    drop_unused(graph)


def _additions(model: Any, node: Any, image: str, shape: Sequence[int], name: str) -> list[Any]:
    """Nodes in the place of one `Expand`; their constants go into the graph."""
    kind, before, after = _before_and_after(model, node, image, shape)
    zeros, grows_here = [], False
    for axis, (old, new) in enumerate(zip(before, after, strict=True)):
        grows = new == _BATCHES
        if not (grows and axis == 0) and (new[0] != new[1] or new[0] < 1):
            raise _UnknownError
        grows_here |= grows and old != new
        zeros.append(1 if old == new or grows else new[0])
    if math.prod(zeros) > _MOST_ZEROS:
        raise _UnknownError
    addends = [_constant(model.graph, f"{name}/zeros", np.zeros(zeros, _numpy(kind)))]
    made = []
    if grows_here:
        made = _zeros_of_batch(model.graph, image, len(zeros), kind, name)
        addends.insert(0, f"{name}/batch")
    total = node.input[0]
    for result, addend in zip(
        (f"{name}/sum", node.output[0])[-len(addends) :], addends, strict=True
    ):
        made.append(helper.make_node("Add", [total, addend], [result]))
        total = result
    return made


def _before_and_after(
    model: Any, node: Any, image: str, shape: Sequence[int]
) -> tuple[int, list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Kind of what is expanded, and every axis of it and of the result, for both `_BATCHES`."""
    old, new, kind = [], [], 0
    for batch in _BATCHES:
        shapes = _shapes(model, image, (batch, *shape))
        kind, own = shapes.get(node.input[0], (0, ()))
        if kind not in _KINDS:
            raise _UnknownError
        wanted = _Sizes(model.graph, shapes).value(node.input[1])
        try:
            new.append(np.broadcast_shapes(own, tuple(int(each) for each in wanted)))
        except ValueError as error:
            raise _UnknownError from error
        old.append((1,) * (len(new[-1]) - len(own)) + own)
    if len(new[0]) != len(new[1]):
        raise _UnknownError
    return kind, list(zip(*old, strict=True)), list(zip(*new, strict=True))


def _zeros_of_batch(graph: Any, image: str, rank: int, kind: int, name: str) -> list[Any]:
    """Nodes that make `name/batch`, zeros (N, 1, ...), of the image."""
    first = [_constant(graph, f"{name}/{end}", np.array([at])) for end, at in _FIRST.items()]
    shape = _constant(graph, f"{name}/shape", np.array([-1, *(1,) * (rank - 1)]))
    zero = _constant(graph, f"{name}/zero", np.zeros(1, np.float32))
    node = helper.make_node
    return [
        node("GlobalMaxPool", [image], [f"{name}/pooled"]),
        node("Slice", [f"{name}/pooled", *first], [f"{name}/one"]),
        node("Mul", [f"{name}/one", zero], [f"{name}/nought"]),
        node("Cast", [f"{name}/nought"], [f"{name}/cast"], to=kind),
        node("Reshape", [f"{name}/cast", shape], [f"{name}/batch"]),
    ]


# One number of each image's: of axis 1 the first.
_FIRST = {"starts": 0, "ends": 1, "axes": 1}


def _constant(graph: Any, name: str, value: np.ndarray) -> str:
    graph.initializer.append(numpy_helper.from_array(value, name))
    return name


def _numpy(kind: int) -> np.dtype:
    return np.dtype(helper.tensor_dtype_to_np_dtype(kind))


def _shapes(model: Any, image: str, extents: tuple[int, ...]) -> _Shapes:
    """Kind and axes by name of what they are known of, for so many images."""
    skeleton = onnx.ModelProto()
    skeleton.ir_version = model.ir_version
    skeleton.opset_import.extend(model.opset_import)
    graph = skeleton.graph
    graph.node.extend(model.graph.node)
    graph.output.extend(model.graph.output)
    graph.input.append(helper.make_tensor_value_info(image, TensorProto.FLOAT, extents))
    for tensor in model.graph.initializer:
        if math.prod(tensor.dims) <= _MOST_AXES:
            graph.initializer.append(tensor)
        else:
            # Of weights their axes are enough.
            graph.input.append(
                helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            )
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")
    try:
        inferred = onnx.shape_inference.infer_shapes(skeleton, data_prop=True).graph
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError) as error:
        raise _UnknownError from error
    known = {each.name: (each.data_type, tuple(each.dims)) for each in graph.initializer}
    for each in (*inferred.input, *inferred.value_info, *inferred.output):
        kind = each.type.tensor_type
        axes = kind.shape.dim
        if kind.HasField("shape") and all(axis.HasField("dim_value") for axis in axes):
            known[each.name] = (kind.elem_type, tuple(axis.dim_value for axis in axes))
    return known


class _Sizes:
    """Works out the small tensors that sizes are made of, node by node.

    Args:
        graph: Where they are.
        shapes: Axes of the tensors whose sizes are asked for.
    """

    def __init__(self, graph: Any, shapes: _Shapes) -> None:
        self._shapes = shapes
        self._makers = {name: node for node in graph.node for name in node.output}
        self._known: dict[str, np.ndarray] = {}
        self._constants = {each.name: each for each in graph.initializer}

    def value(self, name: str) -> np.ndarray:
        """The values of a tensor, one axis or none.

        Raises:
            _UnknownError: They hang on more than sizes.
        """
        for node in self._needed(name):
            made = self._run(node)
            self._known[node.output[0]] = made
        return self._look_up(name)

    def _needed(self, name: str) -> Iterator[Any]:
        """Nodes that lead to a tensor, each behind those that it needs."""
        done: set[str] = set()
        waiting = [name]
        while waiting:
            node = self._makers.get(waiting[-1])
            if node is None or waiting[-1] in done:
                waiting.pop()
                continue
            if node.op_type not in _ARITHMETIC or len(waiting) > _MOST_NODES:
                raise _UnknownError
            needed = [] if node.op_type == "Shape" else node.input
            open_ones = [each for each in needed if each in self._makers and each not in done]
            if open_ones:
                waiting += open_ones
                continue
            done.update(node.output)
            waiting.pop()
            yield node

    def _run(self, node: Any) -> np.ndarray:
        if node.op_type == "Shape":
            if node.input[0] not in self._shapes:
                raise _UnknownError
            axes = self._shapes[node.input[0]][1]
            ends = {each.name: each.i for each in node.attribute}
            return np.array(axes[ends.get("start", 0) : ends.get("end")], np.int64)
        feeds = {each: self._look_up(each) for each in node.input if each}
        if node.op_type == "ConstantOfShape":
            _require_few(int(np.prod(feeds[node.input[0]])))
        inputs = [_any_value(name, each) for name, each in feeds.items()]
        outputs = [helper.make_empty_tensor_value_info(node.output[0])]
        graph = helper.make_graph([node], "size", inputs, outputs)
        # The newest operators mean the same of sizes.
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _opset(node))])
        try:
            (made,) = ReferenceEvaluator(model).run(None, feeds)
        # It raises whatever NumPy and Python do.
        except Exception as error:
            raise _UnknownError from error
        made = np.asarray(made)
        _require_few(made.size)
        return made

    def _look_up(self, name: str) -> np.ndarray:
        if name not in self._known:
            tensor = self._constants.get(name)
            if tensor is None:
                raise _UnknownError
            _require_few(math.prod(tensor.dims))
            self._known[name] = numpy_helper.to_array(tensor)
        return self._known[name]


def _any_value(name: str, value: np.ndarray) -> Any:
    return helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
    )


def _opset(node: Any) -> int:
    """Squeeze and Unsqueeze took their axes as an attribute once."""
    is_old = node.op_type in ("Squeeze", "Unsqueeze") and len(node.attribute)
    return 11 if is_old else 17


def _require_few(count: int) -> None:
    if not 0 <= count <= _MOST_AXES:
        raise _UnknownError


def drop_unused(graph: Any) -> None:
    """Leave out nodes that nothing needs."""
    needed = {each.name for each in graph.output}
    kept = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(node.input)
    del graph.node[:]
    graph.node.extend(reversed(kept))

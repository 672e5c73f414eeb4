"""Engines on single model files of anybody: ONNX Runtime and LiteRT."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from bireid_runtime.errors import UnsupportedModelError

from bireid_deploy.benchmark.declared_inputs import declared_shape, numbers


@dataclass(frozen=True)
class Loaded:
    """A model in an engine.

    Attributes:
        run: Computes the outputs of what `feeds` holds.
        version: The engine and its version.
        feeds: What it takes, by the engine's own key.
        features: The strongest level of the CPU that it may use; empty: what there is.
    """

    run: Callable[[Any], Any]
    version: str
    feeds: dict[Any, np.ndarray]
    features: str = ""


def load_onnxruntime(path: str, shape: tuple[int, ...], threads: int) -> Loaded:
    """Open an `.onnx` file.

    Args:
        path: The file.
        shape: (H, W, C) of the bundle's network, for sizes that the file leaves open.
        threads: Threads of one call.

    Raises:
        UnsupportedModelError: An input is no tensor of numbers, or too large.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feeds = {
        each.name: numbers(
            declared_shape(each.shape, shape, each.name), _onnx_dtype(each.name, each.type)
        )
        for each in session.get_inputs()
    }
    version = f"onnxruntime {onnxruntime.__version__}"
    return Loaded(lambda item: session.run(None, item), version, feeds)


def load_litert(path: str, shape: tuple[int, ...], threads: int) -> Loaded:
    """Open a `.tflite` file; arguments and errors as of `load_onnxruntime`."""
    from importlib.metadata import version

    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path, num_threads=threads)
    feeds = {}
    for each in interpreter.get_input_details():
        declared = [int(size) for size in each["shape_signature"]]
        sizes = declared_shape(declared, shape, each["name"])
        interpreter.resize_tensor_input(each["index"], sizes)
        feeds[each["index"]] = numbers(sizes, np.dtype(each["dtype"]))
    interpreter.allocate_tensors()

    results = [each["index"] for each in interpreter.get_output_details()]

    def run(item: Mapping[int, np.ndarray]) -> list[np.ndarray]:
        for index, values in item.items():
            interpreter.set_tensor(index, values)
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in results]

    return Loaded(run, f"ai-edge-litert {version('ai-edge-litert')} (XNNPACK)", feeds)


def _onnx_dtype(name: str, declared: str) -> np.dtype:
    """From `tensor(float)` and the like."""
    kind = declared.removeprefix("tensor(").removesuffix(")")
    try:
        return np.dtype({"float": "float32", "double": "float64"}.get(kind, kind))
    except TypeError as error:
        raise UnsupportedModelError(
            f"input {name!r} is a {declared}; bench feeds numbers"
        ) from error

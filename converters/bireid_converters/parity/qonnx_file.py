"""A QONNX file under the parity gate, run by the executor of the package `qonnx`."""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from bireid_runtime.errors import UnsupportedModelError
from qonnx.core import onnx_exec
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.infer_shapes import InferShapes

from bireid_converters.onnx_export.bipolar import DOMAIN, OPERATOR
from bireid_converters.onnx_export.graph import IR_VERSION
from bireid_converters.parity.onnx_file import Engine, OnnxFile


class QonnxFile(OnnxFile):
    """See `ConvertedFile`; tensors are named as in the other ONNX file."""

    own_operators = frozenset({(DOMAIN, OPERATOR)})

    def _engine(self, model: Any) -> Engine:
        """The executor wants the number of items in the shapes of the file."""

        def run(inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
            shaped = _for_batch(model, {name: len(value) for name, value in inputs.items()})
            names = [each.name for each in model.graph.output]
            # It raises whatever it likes, `Exception` itself among it.
            try:
                with _read_by_onnxruntime():
                    found = onnx_exec.execute_onnx(shaped, dict(inputs))
            except Exception as error:
                reason = " ".join(str(error).split())
                raise UnsupportedModelError(
                    f"qonnx cannot run the file ({reason}); convert the network again"
                ) from error
            return [found[name] for name in names]

        return run


def _for_batch(model: Any, counts: Mapping[str, int]) -> Any:
    """The model with other numbers of items; all shapes are inferred anew."""
    changed = copy.deepcopy(model)
    graph = changed.graph
    for each in graph.input:
        if each.name in counts:
            each.type.tensor_type.shape.dim[0].dim_value = counts[each.name]
    # The shape of what is an input or output is stated there alone.
    stated = {each.name for each in (*graph.input, *graph.output)}
    kept = [each for each in graph.value_info if each.name not in stated]
    other_count = any(count != 1 for count in counts.values())
    del graph.value_info[:]
    graph.value_info.extend([] if other_count else kept)
    for each in graph.output if other_count else ():
        each.type.tensor_type.shape.dim[0].ClearField("dim_value")
    return ModelWrapper(changed).transform(InferShapes())


@contextmanager
def _read_by_onnxruntime() -> Iterator[None]:
    """Let the executor write its one-node files in a version that ONNX Runtime reads.

    It takes the newest that the package `onnx` knows, which may be newer than ONNX Runtime.
    """
    make = onnx_exec.qonnx_make_model
    onnx_exec.qonnx_make_model = lambda graph: make(graph, ir_version=IR_VERSION)
    try:
        yield
    finally:
        onnx_exec.qonnx_make_model = make

"""Small detectors as ONNX files, as other projects export them."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NAMES = "{0: 'person', 1: 'dog', 2: 'bus'}"


def save_detector(path, nodes, constants, shape=(1, 3, 64, 64), names=NAMES):
    graph = helper.make_graph(
        nodes,
        "detector",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    if names is not None:
        helper.set_model_props(model, {"names": names})
    onnx.save(model, path)
    return path


def detector_file(path, found, shape=(1, 3, 64, 64), names=NAMES):
    """One that finds the rows of `found`, float32 (1, N, 6), whatever it sees."""
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["rows", "nothing"], ["output0"]),
    ]
    return save_detector(path, nodes, {"rows": found, "zero": np.float32(0)}, shape, names)

"""What an ONNX file may hold before it is run."""

import numpy as np
import pytest
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.onnx_operators import ALLOW, require_known_operators
from bireid_runtime.session import Session
from onnx import TensorProto, helper, numpy_helper


def model(nodes, constants=(), **options):
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    tensors = [numpy_helper.from_array(np.array(each), name) for name, each in constants]
    graph = helper.make_graph(nodes, "graph", [value], [result], tensors)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, **options)


def looping():
    """An endless loop in a few hundred bytes."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["on"], ["go"]),
            helper.make_node("Identity", ["v"], ["w"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("w", TensorProto.FLOAT, None),
        ],
    )
    return model([helper.make_node("Loop", ["", "", "x"], ["y"], body=body)])


def resizing(*scales, sizes=()):
    """A file that resizes as often as there are scales; `sizes` is a constant beside them."""
    nodes = [
        helper.make_node("Resize", ["x", "", f"s{index}", *sizes], [f"y{index}"])
        for index in range(len(scales))
    ]
    constants = [(f"s{index}", np.array(each, "f4")) for index, each in enumerate(scales)]
    return model(nodes, [*constants, ("sizes", [1, 2**20])])


FUNCTION = helper.make_function(
    "own", "F", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], []
)


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        (looping(), "holds the operator 'Loop'"),
        (
            model([helper.make_node("Expand", ["x", "s"], ["y"])], [("s", [9, 9])]),
            "holds the operator 'Expand'",
        ),
        (
            model([helper.make_node("Relu", ["x"], ["y"], domain="com.microsoft")]),
            "operators of 'com.microsoft'",
        ),
        (
            model([helper.make_node("Pad", ["x", "p"], ["y"])], [("p", [0, 2**30, 0, 0])]),
            "pads by 'p', which is no constant up to 1024",
        ),
        (
            model([helper.make_node("Pad", ["x", "x"], ["y"])]),
            "pads by 'x', which is no constant",
        ),
        (
            model([helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[1], pads=[0, 9999])]),
            "pads by 9999",
        ),
        (resizing([1, 4097]), "resizes by no constants, or to more than 4096 times"),
        (resizing([1, 64.5], [1, 64]), "resizes by no constants"),
        (resizing([1, np.nan]), "resizes by no constants"),
        (resizing([]), "resizes by no constants"),
        (resizing(np.full(300, 1.1)), "resizes by no constants"),
        (resizing([1, 2], sizes=["sizes"]), "resizes to given sizes"),
        (
            model([helper.make_node("Resize", ["x", "", "x"], ["y"])]),
            "resizes by no constants",
        ),
        (model([], functions=[FUNCTION]), "functions of its own"),
    ],
)
def test_what_could_run_for_ever_or_take_any_memory_is_refused(hostile, reason, monkeypatch):
    data = hostile.SerializeToString()
    with pytest.raises(UnsupportedModelError, match=f"f.onnx: it .*{reason}.*{ALLOW}=1"):
        require_known_operators(data, "f.onnx")
    monkeypatch.setenv(ALLOW, "1")
    require_known_operators(data, "f.onnx")


def test_resizing_by_little_is_run():
    require_known_operators(resizing([1, 64], [0.1, 64]).SerializeToString(), "f.onnx")
    one_by_one = resizing([1, 2])
    (scales, _) = one_by_one.graph.initializer
    scales.ClearField("raw_data")
    scales.float_data.extend([1, 2])
    require_known_operators(one_by_one.SerializeToString(), "f.onnx")
    scales.float_data[1] = 5000
    with pytest.raises(UnsupportedModelError, match="resizes by"):
        require_known_operators(one_by_one.SerializeToString(), "f.onnx")


def test_weights_in_other_files_and_no_onnx_at_all():
    outside = model([helper.make_node("Relu", ["x"], ["y"])], [("w", [1.0])])
    outside.graph.initializer[0].data_location = TensorProto.EXTERNAL
    for data, reason in (
        (outside.SerializeToString(), "keeps weights in other files"),
        (bytes(range(256)), "damaged"),
        (b"\xff" * 20, "a number has no end"),
    ):
        with pytest.raises(UnsupportedModelError, match=reason):
            require_known_operators(data, "f.onnx")


def test_a_bundle_with_a_loop_is_not_run(bundle_path, rewrite_manifest):
    (bundle_path / "model.onnx").write_bytes(looping().SerializeToString())
    rewrite_manifest()
    with pytest.raises(UnsupportedModelError, match=r"model\.onnx: it holds the operator 'Loop'"):
        Session.open(bundle_path, "onnx")


def test_the_bundle_of_the_tests_is_run(bundle_path):
    Session.open(bundle_path, "onnx")

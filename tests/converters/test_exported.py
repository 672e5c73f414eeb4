"""A transformer as PyTorch's two exporters write it: what they need that no device may be given."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from bireid_converters.foreign_onnx.external import with_weights
from bireid_converters.foreign_onnx.read import read_onnx
from bireid_runtime import Extractor
from bireid_runtime.errors import UnsupportedModelError
from onnx import TensorProto, helper, numpy_helper

from bireid_deploy.api import import_onnx
from bireid_deploy.conversion import verify_bundle

FILES = Path(__file__).parent / "exported"
FEATURES = FILES / "features.npz"
HALF = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}


@pytest.mark.parametrize("exporter", ["script", "dynamo"])
def test_a_transformer_becomes_a_bundle(exporter, tmp_path):
    written = {node.op_type for node in onnx.load(FILES / f"{exporter}.onnx").graph.node}
    assert "Expand" in written
    bundle = import_onnx(
        FILES / f"{exporter}.onnx", tmp_path / "bundle", preprocess=HALF, reference=FEATURES
    ).bundle
    with np.load(FEATURES) as arrays:
        images, expected = arrays["images"], arrays["features"]
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    found = Extractor.open(bundle).embed(list(images))
    np.testing.assert_allclose(found, expected, atol=2e-6)
    assert all(check.passed for check in verify_bundle(bundle.path))
    data = (FILES / f"{exporter}.onnx").read_bytes()
    origin = bundle.manifest["training"]["imported_from"]
    assert origin["sha256"] == hashlib.sha256(data).hexdigest()
    assert ("sha256_with_weights" in origin) == (exporter == "dynamo")
    kept = onnx.load_model_from_string(bundle.read("float-onnx"))
    assert not {node.op_type for node in kept.graph.node} & {"Expand", "ConstantOfShape"}


@pytest.fixture
def exported(tmp_path):
    for path in FILES.glob("dynamo.onnx*"):
        shutil.copy(path, tmp_path)
    return tmp_path / "dynamo.onnx"


def _refused(path):
    with pytest.raises(UnsupportedModelError) as caught:
        with_weights(path.read_bytes(), path.parent, path.name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_of_weights_that_is_cut_short_is_said(exported):
    beside = exported.with_name("dynamo.onnx.data")
    beside.write_bytes(beside.read_bytes()[:-8])
    assert "dynamo.onnx.data ends early; export the network again" in _refused(exported)


def test_a_missing_file_of_weights_is_named(exported):
    exported.with_name("dynamo.onnx.data").unlink()
    said = _refused(exported)
    assert "lie in 'dynamo.onnx.data': No such file or directory; put that file beside it" in said


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("location", "../secret", "which is no file beside it"),
        ("location", "/etc/passwd", "which is no file beside it"),
        ("location", "..", "which is no file beside it"),
        ("location", "", "which is no file beside it"),
        ("length", "1", "bytes, not 1 of"),
        ("offset", "-1", "bytes, not"),
        ("offset", "x", "lie nowhere in"),
        ("offset", str(2**62), "ends early"),
    ],
)
def test_weights_lie_beside_the_file_and_where_it_says(exported, key, value, said):
    model = onnx.load(exported, load_external_data=False)
    tensor = next(each for each in model.graph.initializer if each.external_data)
    told = {entry.key: entry.value for entry in tensor.external_data} | {key: value}
    del tensor.external_data[:]
    for name, text in told.items():
        tensor.external_data.add(key=name, value=text)
    exported.write_bytes(model.SerializeToString())
    assert said in _refused(exported)


def test_weights_of_more_than_a_file_can_hold_are_refused_unread(exported):
    model = onnx.load(exported, load_external_data=False)
    tensor = next(each for each in model.graph.initializer if each.external_data)
    tensor.dims[:] = [2**20, 2**20]
    exported.write_bytes(model.SerializeToString())
    assert "more than 2 GB with its weights" in _refused(exported)


def _expanding(nodes, weights=()):
    """One number of each image, made larger by `nodes` from `one` (N, 1) to `features`."""
    taken = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 64, 32])
    given = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", None])
    first = [
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["one"]),
        helper.make_node("Shape", ["one"], ["shape"]),
    ]
    held = [numpy_helper.from_array(np.array(value), name) for name, value in weights]
    graph = helper.make_graph([*first, *nodes], "g", [taken], [given], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


def test_what_grows_beyond_the_files_own_constants_stays_refused():
    """Two million numbers of every image."""
    nodes = [helper.make_node("Expand", ["token", "wanted"], ["features"])]
    weights = [("wanted", [1, 2**21]), ("token", [[1.0]])]
    with pytest.raises(UnsupportedModelError, match="the operator 'Expand'"):
        read_onnx(_expanding(nodes, weights), "net.onnx")


def test_what_grows_with_the_images_along_another_axis_stays_refused():
    nodes = [
        helper.make_node("Concat", ["single", "shape"], ["wanted"], axis=0),
        helper.make_node("Expand", ["token", "wanted"], ["features"]),
    ]
    weights = [("single", [1]), ("token", [[[1.0]]])]
    with pytest.raises(UnsupportedModelError, match="the operator 'Expand'"):
        read_onnx(_expanding(nodes, weights), "net.onnx")


def test_an_expansion_along_other_axes_is_an_addition_too():
    import onnxruntime

    nodes = [
        helper.make_node("Slice", ["one", "zero", "single", "axis"], ["first"]),
        helper.make_node("Expand", ["first", "shape"], ["features"]),
    ]
    data = _expanding(nodes, [("zero", [0]), ("single", [1]), ("axis", [1])])
    made = read_onnx(data, "net.onnx").model.SerializeToString()
    images = np.random.default_rng(0).normal(size=(5, 3, 64, 32)).astype(np.float32)
    found, expected = (
        onnxruntime.InferenceSession(each).run(None, {"image": images})[0] for each in (made, data)
    )
    np.testing.assert_array_equal(found, expected)
    assert expected.shape == (5, 3)


def test_inspect_counts_attention_as_work_without_weights(tmp_path):
    from bireid_converters.audit import audit_onnx

    audit = audit_onnx((FILES / "script.onnx").read_bytes())
    products = [layer for layer in audit.layers if layer.reason == "it multiplies two maps"]
    # Two heads, nine tokens of eight numbers, once to compare and once to add up.
    assert [layer.macs for layer in products] == [2 * 9 * 9 * 8] * 2
    assert sum(layer.weights for layer in products) == 0
    dense = [layer for layer in audit.layers if layer.kernel_shape == (1, 1, 16, 48)]
    assert [layer.macs for layer in dense] == [9 * 16 * 48]

"""QONNX: 1-bit operands stay visible, and qonnx's own executor computes what Keras does."""

import numpy as np
import onnx
import pytest
from bireid_converters.formats import find_format
from bireid_converters.named_model import named_model
from bireid_converters.onnx_export.bipolar import export_bipolar
from bireid_converters.parity import check_parity
from bireid_models.layers import binary_layers
from bireid_runtime.errors import UnsupportedModelError


@pytest.fixture(scope="module")
def file(small_network):
    return export_bipolar(small_network, metadata={"name": "small"})


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(3).normal(size=(4, 64, 32, 3)).astype(np.float32)


def gate(toys, network, data, images):
    opened = {"qonnx": find_format("qonnx").open(data)}
    outputs = [toys.embedding_spec(network)]
    return check_parity(named_model(network), opened, {"image": images}, outputs)


def test_the_executor_computes_what_keras_does(toys, small_network, file, images):
    report = gate(toys, small_network, file, images)
    found = report.formats["qonnx"]
    assert report.failure is None
    assert found.binary_operators == len(binary_layers(small_network.model)) == 8
    assert all(layer.wrong_sums == 0 for layer in found.binary_layers)
    assert found.agreement.agreeing_share == 1


def test_a_flipped_weight_is_found(toys, small_network, file, images):
    model = onnx.load_from_string(file)
    (weights,) = [
        each for each in model.graph.initializer if each.name == "stage2_unit1_conv/weights"
    ]
    values = onnx.numpy_helper.to_array(weights).copy()
    values[0, 0, 1, 1] *= -1
    weights.CopyFrom(onnx.numpy_helper.from_array(values, weights.name))
    report = gate(toys, small_network, model.SerializeToString(), images)
    assert report.failure.startswith("qonnx: stage2_unit1_conv: 1 of ")


def test_form_of_the_file(small_network, file):
    model = onnx.load_from_string(file)
    assert {each.domain: each.version for each in model.opset_import} == {
        "": 18,
        "qonnx.custom_op.general": 1,
    }
    quantised = [each for each in model.graph.node if each.op_type == "BipolarQuant"]
    # Of every binary layer its map and its kernel.
    assert len(quantised) == 2 * len(binary_layers(small_network.model))
    sizes = [each.dim_value for each in model.graph.input[0].type.tensor_type.shape.dim]
    assert sizes == [1, 64, 32, 3]
    shaped = {each.name for each in model.graph.value_info} | {"embedding"}
    assert {name for node in model.graph.node for name in node.output} <= shaped


def test_the_audit_counts_the_signs(small_network, file):
    weights = find_format("qonnx").load_audit()(file).to_manifest()["weights"]
    expected = sum(int(np.prod(layer.kernel.shape)) for layer in binary_layers(small_network.model))
    assert weights["binary"] == expected


@pytest.mark.parametrize(
    ("operator", "domain"),
    [("Loop", ""), ("BipolarQuant", "somebody"), ("Quant", "qonnx.custom_op.general")],
)
def test_other_operators_are_not_run(file, operator, domain):
    model = onnx.load_from_string(file)
    (node,) = [each for each in model.graph.node if each.name == "stage1_unit1_conv/signs"]
    node.op_type, node.domain = operator, domain
    with pytest.raises(UnsupportedModelError, match="it holds"):
        find_format("qonnx").open(model.SerializeToString())


def test_a_file_that_the_executor_cannot_run(file, images):
    model = onnx.load_from_string(file)
    (scale,) = [each for each in model.graph.initializer if each.name == "stem_conv/bias"]
    scale.CopyFrom(onnx.numpy_helper.from_array(np.ones(3, np.float32), scale.name))
    opened = find_format("qonnx").open(model.SerializeToString())
    with pytest.raises(UnsupportedModelError, match="qonnx cannot run the file"):
        opened.run({"image": images})

import json

import numpy as np
import pytest
from bireid_converters.audit import audit_lce, audit_onnx, audit_tflite
from bireid_converters.onnx_export import export_onnx
from bireid_models import NetworkConfig
from bireid_models.complexity import layer_costs, theoretical_gain
from bireid_runtime.errors import UnsupportedModelError


@pytest.fixture(scope="module")
def real_network(toys):
    from bireid_models.network import build_network

    config = NetworkConfig(
        input_height=64, input_width=32, width=0.125, precision="real", embedding_dim=24
    )
    network = build_network(config)
    toys.randomize(network.model)
    return network


@pytest.fixture(scope="module")
def audits(small_network, small_lce):
    return {"lce": audit_lce(small_lce), "onnx": audit_onnx(export_onnx(small_network))}


def summary(layers):
    return sorted((layer.kind, layer.weights, layer.macs) for layer in layers)


@pytest.mark.parametrize("name", ["lce", "onnx"])
def test_layers_cost_what_the_network_costs(small_network, audits, name):
    costs = layer_costs(small_network.model)
    audit = audits[name]

    assert summary(audit.layers) == summary(costs)
    assert audit.gain == theoretical_gain(costs)
    binary = [cost.name for cost in costs if cost.kind == "binary"]
    assert [layer.name for layer in audit.layers if layer.kind == "binary"] == binary


def test_lce_layers_say_what_they_are(audits):
    layers = {layer.name: layer for layer in audits["lce"].layers}

    stem = layers["stem_conv"]
    assert (stem.operator, stem.precision, stem.reason) == (
        "CONV_2D",
        "float32",
        "it reads the input",
    )
    assert stem.kernel_shape == (7, 7, 3, 8)
    assert stem.output_shape == (32, 16, 8)
    assert stem.stored_bytes == stem.expected_bytes == 4 * 7 * 7 * 3 * 8
    binary = layers["stage1_unit1_conv"]
    assert (binary.operator, binary.precision, binary.reason) == ("LceBconv2d", "1-bit", "")
    # 8 channels take a whole word of 32.
    assert (binary.expected_bytes, binary.stored_bytes) == (72, 288)
    (shortcut,) = [layer for name, layer in layers.items() if "stage2_unit1_downsample" in name]
    assert shortcut.reason == "its kernel is real"


def test_onnx_layers_say_what_they_are(audits):
    layers = {layer.name: layer for layer in audits["onnx"].layers}

    assert layers["stem_conv"].reason == "it reads the input"
    assert layers["stage2_unit1_downsample_conv"].reason == "its kernel is real"
    binary = layers["stage1_unit1_conv"]
    assert (binary.precision, binary.reason) == ("1-bit", "")
    assert binary.expected_bytes == binary.stored_bytes == 72
    assert binary.kernel_shape == (3, 3, 8, 8)
    assert binary.output_shape == (16, 8, 8)


def test_histogram_and_manifest(audits, small_lce):
    manifest = json.loads(json.dumps(audits["lce"].to_manifest(), allow_nan=False))

    assert manifest["operators"]["LceBconv2d"] == manifest["operators"]["LceQuantize"] == 8
    assert manifest["file_bytes"] == len(small_lce)
    assert len(manifest["layers"]) == 12
    assert "1/64" in manifest["theoretical"]["accounting"]
    assert manifest["weights"]["binary"] == sum(
        layer["weights"] for layer in manifest["layers"] if layer["precision"] == "1-bit"
    )


def test_real_network_gains_nothing(real_network):
    audit = audit_onnx(export_onnx(real_network))

    assert summary(audit.layers) == summary(layer_costs(real_network.model))
    assert (audit.gain.speedup, audit.gain.saving) == (1, 1)
    assert {layer.precision for layer in audit.layers} == {"float32"}
    assert audit.layers[-1].operator == "Gemm"


def test_float_and_int8_tflite(toys):
    from bireid_converters.int8 import export_int8
    from bireid_models.framework import keras, tf

    image = keras.Input((16, 8, 3), name="image")
    x = keras.layers.Conv2D(16, 3, strides=2, name="stem_conv")(image)
    x = keras.layers.ReLU(name="relu")(x)
    x = keras.layers.Conv2D(8, 3, name="conv")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    model = toys.randomize(keras.Model(image, keras.layers.Dense(8, name="dense")(x), name="toy"))
    images = np.random.default_rng(0).normal(size=(4, 16, 8, 3)).astype(np.float32)
    plain = tf.lite.TFLiteConverter.from_keras_model(model).convert()

    for data, precision, size in (
        (plain, "float32", 4),
        (export_int8(model, representative={"image": images}), "int8", 1),
    ):
        audit = audit_tflite(data)
        assert summary(audit.layers) == summary(layer_costs(model))
        assert [layer.name for layer in audit.layers] == ["stem_conv", "conv", "dense"]
        assert [layer.reason for layer in audit.layers] == [
            "it reads the input",
            "its kernel is real",
            "its kernel is real",
        ]
        assert {layer.precision for layer in audit.layers} == {precision}
        assert all(layer.stored_bytes == size * layer.weights for layer in audit.layers)
        with pytest.raises(UnsupportedModelError, match="no operator LceBconv2d"):
            audit_lce(data)


def test_a_binary_layer_that_fell_back_to_float_says_why(toys):
    import larq_compute_engine
    from bireid_models.framework import keras
    from bireid_models.units import Unit

    image = keras.Input((8, 4, 32), name="image")
    x = Unit("first", 32)(image)
    x = Unit("second", 32, pad_values=-1)(x)
    model = toys.randomize(keras.Model(image, x, name="toy"))

    audit = audit_lce(larq_compute_engine.convert_keras_model(model))

    first, second = audit.layers
    assert (first.name, first.precision) == ("first_conv", "1-bit")
    assert (second.name, second.precision) == ("second_conv", "float32")
    assert second.reason == "it pads with -1, and 1-bit convolution pads with 1 or 0"


@pytest.mark.parametrize("audit", [audit_lce, audit_tflite, audit_onnx])
@pytest.mark.parametrize("data", [b"", b"\x08\x08", b"x" * 1000])
def test_garbage_is_refused(audit, data):
    with pytest.raises(UnsupportedModelError):
        audit(data)


def test_truncated_onnx_is_refused(small_network):
    data = export_onnx(small_network)
    for length in range(1, len(data), len(data) // 20):
        with pytest.raises(UnsupportedModelError):
            audit_onnx(data[:length])


def test_onnx_with_weights_elsewhere_is_refused(small_network):
    import onnx

    model = onnx.load_from_string(export_onnx(small_network))
    (tensor,) = [t for t in model.graph.initializer if t.name == "stem_conv/kernel"]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    with pytest.raises(UnsupportedModelError, match="weights in other files"):
        audit_onnx(model.SerializeToString())

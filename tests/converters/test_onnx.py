"""Keras against ONNX Runtime, and the form of the file."""

from collections import Counter

import numpy as np
import onnx
import pytest
from bireid_converters.onnx_export import export_onnx
from bireid_models import NetworkConfig
from bireid_models.binarizations import BINARIZATIONS
from bireid_models.framework import keras, larq
from bireid_models.layers import BinaryConv2D, UnitNormalize
from bireid_models.map_layers import ChannelShift, HardSwish, HardTanh, RepeatChannels
from bireid_models.network import build_network
from bireid_runtime.errors import UnsupportedModelError

GEOMETRY = {"kernel_shape", "strides", "pads", "dilations", "group"}


def assert_same(toys, model, images, atol=1e-4):
    file = export_onnx(model)
    loaded = onnx.load_from_string(file)
    onnx.checker.check_model(loaded, full_check=True)
    # Importers of chips leave out no default.
    for node in loaded.graph.node:
        if node.op_type == "Conv":
            assert {each.name for each in node.attribute} == GEOMETRY, node.name
    expected = toys.keras_outputs(model, images)
    actual = toys.onnx_outputs(file, images)
    assert actual.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(actual[name], values, rtol=1e-5, atol=atol, err_msg=name)


@pytest.mark.parametrize(("channels", "filters"), [(8, 16), (32, 32)])
@pytest.mark.parametrize("precision", ["binary", "real"])
def test_every_unit_computes_what_keras_computes(toys, channels, filters, precision):
    model = toys.unit_model(channels, filters, precision=precision)
    assert_same(toys, model, toys.signs_and_sizes((2, 8, 4, channels)))


def one_layer(*layers, shape=(9, 6, 3)):
    image = x = keras.Input(shape, name="image")
    for layer in layers:
        x = layer(x)
    return keras.Model(image, x)


def batch_norm(**arguments):
    return keras.layers.BatchNormalization(**arguments)


LAYERS = {
    "convolution with bias, BN twice": lambda: [
        keras.layers.Conv2D(5, 3, padding="same"),
        batch_norm(),
        batch_norm(scale=False),
    ],
    "dilated": lambda: [keras.layers.Conv2D(5, 3, padding="same", dilation_rate=2)],
    "even kernel, stride 2": lambda: [keras.layers.Conv2D(5, 4, strides=2, padding="same")],
    "binary, weights not a multiple of 8": lambda: [
        BinaryConv2D(5, 3, strides=2, padding="same"),
        batch_norm(center=False),
    ],
    "binary, valid": lambda: [BinaryConv2D(5, 3, binarization=BINARIZATIONS["xnor"])],
    "max pool": lambda: [keras.layers.MaxPooling2D(3, 2, padding="same")],
    "max pool, valid": lambda: [keras.layers.MaxPooling2D(3, 2)],
    "average pool over a border": lambda: [keras.layers.AveragePooling2D(4, 4, padding="same")],
    "upsampling": lambda: [keras.layers.UpSampling2D((2, 3))],
    "explicit padding": lambda: [
        keras.layers.ZeroPadding2D(((3, 2), (1, 0))),
        keras.layers.Conv2D(5, 3, strides=2),
    ],
    "PReLU per pixel": lambda: [keras.layers.PReLU()],
    "shift of each channel": lambda: [ChannelShift()],
    "hard tanh": lambda: [HardTanh()],
    "hard swish": lambda: [keras.layers.Conv2D(5, 3), HardSwish()],
    "repeated channels": lambda: [RepeatChannels(3)],
    "ReLU": lambda: [keras.layers.ReLU(), keras.layers.Activation("relu")],
    "head": lambda: [
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(7),
        batch_norm(),
        keras.layers.PReLU(),
    ],
    "global pool with kept axes": lambda: [keras.layers.GlobalAveragePooling2D(keepdims=True)],
}


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_layers(toys, layers):
    model = toys.randomize(one_layer(*layers()))
    assert_same(toys, model, toys.signs_and_sizes((3, 9, 6, 3)))


def test_the_sign_of_zero_is_plus_one(toys):
    model = toys.randomize(one_layer(BinaryConv2D(8, 3, padding="same")))
    images = np.zeros((1, 9, 6, 3), np.float32)
    images[..., 1] = -0.0
    assert_same(toys, model, images)


def test_latent_weights_of_zero_are_plus_one(toys):
    layer = BinaryConv2D(8, 3, padding="same", kernel_initializer="zeros")
    assert_same(toys, one_layer(layer), toys.signs_and_sizes((1, 9, 6, 3)))


def test_a_result_that_is_read_again_is_not_absorbed(toys):
    image = keras.Input((8, 4, 8), name="image")
    inner = keras.layers.Conv2D(8, 3, name="inner")(image)
    model = toys.randomize(keras.Model(image, [inner, batch_norm(name="outer")(inner)]))
    assert_same(toys, model, toys.signs_and_sizes((2, 8, 4, 8)))


def test_a_map_that_is_read_twice_is_not_absorbed(toys):
    image = keras.Input((8, 4, 8), name="image")
    inner = keras.layers.Conv2D(8, 3, name="inner")(image)
    branches = [batch_norm(name="left")(inner), batch_norm(name="right")(inner)]
    assert_same(
        toys, toys.randomize(keras.Model(image, branches)), toys.signs_and_sizes((2, 8, 4, 8))
    )


@pytest.mark.parametrize("precision", ["binary", "real"])
@pytest.mark.parametrize("unit_order", ["fused", "paper"])
def test_a_whole_network(toys, precision, unit_order):
    config = NetworkConfig(
        input_height=64,
        input_width=32,
        width=0.125,
        precision=precision,
        unit_order=unit_order,
        embedding_dim=24,
    )
    network = build_network(config)
    toys.randomize(network.model)
    file = onnx.load_from_string(export_onnx(network, metadata={"license": "Apache-2.0"}))
    onnx.checker.check_model(file, full_check=True)
    assert [entry.name for entry in file.graph.input] == ["image"]
    assert [entry.name for entry in file.graph.output] == ["embedding"]
    assert {entry.key: entry.value for entry in file.metadata_props} == {"license": "Apache-2.0"}
    operators = Counter(node.op_type for node in file.graph.node)
    assert operators["Transpose"] == 1
    assert operators["BitwiseAnd"] == (16 if precision == "binary" else 0)
    assert {entry.domain for entry in file.opset_import} == {""}

    images = toys.signs_and_sizes((3, 64, 32, 3))
    actual = toys.onnx_outputs(file.SerializeToString(), images)["embedding"]
    np.testing.assert_allclose(actual, network.model(images), atol=1e-5)


def test_an_all_zero_row_has_an_embedding_of_zeros(toys):
    model = one_layer(keras.layers.GlobalAveragePooling2D(), UnitNormalize(), shape=(1, 1, 4))
    rows = np.array([[0, 0, 0, 0], [3, 0, 4, 0], [1e-8, 0, 0, 0]], np.float32)
    assert_same(toys, model, rows.reshape(3, 1, 1, 4), atol=1e-7)


def test_sums_and_signs_are_whole_numbers(toys):
    """The tensors that the parity gate compares layer by layer."""
    layer = BinaryConv2D(8, 3, padding="same", name="deep")
    model = toys.randomize(one_layer(layer, batch_norm(name="deep_bn")))
    file = onnx.load_from_string(export_onnx(model))
    for name in ("deep/signs", "deep/sum"):
        file.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    images = toys.signs_and_sizes((2, 9, 6, 3))
    outputs = toys.onnx_outputs(file.SerializeToString(), images)
    signs, total = outputs["deep/signs"], outputs["deep/sum"]
    np.testing.assert_array_equal(signs, np.sign(images).transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(total, np.round(total))
    assert np.abs(total).max() <= 27
    assert "deep_bn/output" in {node.output[0] for node in file.graph.node}


def test_one_bit_per_weight():
    network = build_network(NetworkConfig(input_height=128, input_width=64))
    file = export_onnx(network)
    weights_as_bits = 10_985_472 // 8
    assert weights_as_bits < len(file) < 2_300_000


def test_export_is_deterministic(small_network):
    assert export_onnx(small_network) == export_onnx(small_network)


def shared_layer():
    image = keras.Input((8, 4, 8), name="image")
    layer = keras.layers.Conv2D(8, 3, padding="same", name="shared")
    return keras.Model(image, layer(layer(image)))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: one_layer(keras.layers.Softmax(name="odd")), "layer odd: .*Softmax"),
        (
            lambda: one_layer(larq.layers.QuantConv2D(8, 3, name="odd")),
            "layer odd: .*QuantConv2D",
        ),
        (
            lambda: one_layer(keras.layers.Conv2D(8, 3, activation="relu", name="odd")),
            "layer odd: .*'relu'",
        ),
        (lambda: one_layer(keras.layers.Activation("tanh", name="odd")), "layer odd: .*'tanh'"),
        (lambda: one_layer(keras.layers.ReLU(threshold=1, name="odd")), "layer odd: .*threshold"),
        (lambda: one_layer(keras.layers.Dense(4, name="odd")), "layer odd: .*Dense"),
        (lambda: one_layer(batch_norm(axis=1, name="odd")), r"layer odd: .*axis \[1\]"),
        (
            lambda: one_layer(keras.layers.Conv2D(8, 3, name="odd"), shape=(None, None, 3)),
            r"layer image: .*\(None, None, None, 3\)",
        ),
        (shared_layer, "layer shared: .*more than once"),
    ],
)
def test_what_it_cannot_write_it_refuses(build, message):
    with pytest.raises(UnsupportedModelError, match=message):
        export_onnx(build())

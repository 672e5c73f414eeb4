"""A backbone of one's own is a function and one line in BACKBONES."""

import numpy as np
import pytest
from bireid_converters.audit import audit_lce
from bireid_converters.formats import find_format
from bireid_converters.lce import export_lce
from bireid_converters.named_model import named_model
from bireid_converters.onnx_export import export_onnx
from bireid_converters.parity import check_parity
from bireid_models.backbones import BACKBONES, Backbone
from bireid_models.backbones.stem import resnet_stem
from bireid_models.config import NetworkConfig
from bireid_models.framework import keras, tf
from bireid_models.layers import binary_layers
from bireid_models.network import build_network
from bireid_models.units import Unit
from bireid_runtime.outputs import OutputSpec


def two_units(image, config):
    low = Unit.of(config, "low", config.channels(64), 2)(resnet_stem(image, config))
    return {"low": low, "high": Unit.of(config, "high", config.channels(128), 2)(low)}


@pytest.fixture
def network(monkeypatch):
    monkeypatch.setitem(BACKBONES, "two_units", Backbone(f"{__name__}:two_units"))
    return build_network(
        NetworkConfig("two_units", input_height=64, input_width=32, width=0.5, input_channels=5)
    )


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(32, 64, 32, 5)).astype(np.float32)


def test_it_builds(network, images):
    features = network.features(images)
    assert list(features) == ["low", "high", "pooled", "neck", "classifier_input"]
    assert features["low"].shape == (32, 8, 4, 32)
    assert features["high"].shape == (32, 4, 2, 64)
    assert network.outputs == ("embedding",)
    assert network.model(images).shape == (32, 64)


def test_it_learns(network, images):
    kernels = [layer.kernel for layer in binary_layers(network.model)]
    before = [kernel.numpy() for kernel in kernels]
    variables = network.features.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sin(network.features(images, training=True)["classifier_input"]))
    optimizer = keras.optimizers.SGD(0.01)
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
    assert len(kernels) == 2
    for kernel, old in zip(kernels, before, strict=True):
        assert np.abs(kernel.numpy() - old).max() > 0


def test_it_converts(network, images):
    files = {"lce": export_lce(network.model), "onnx": export_onnx(network.model)}
    layers = {layer.name: layer.kind for layer in audit_lce(files["lce"]).layers}
    assert [name for name, kind in layers.items() if kind == "binary"] == ["low_conv", "high_conv"]
    named = named_model(network)
    opened = {name: find_format(name).open(data) for name, data in files.items()}
    outputs = [OutputSpec.embedding("embedding", 64)]
    assert check_parity(named, opened, {"image": images}, outputs).failure is None

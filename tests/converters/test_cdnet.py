"""CDNet converts: depthwise convolutions, gates and joined descriptors, in every engine alike."""

import numpy as np
import pytest
from bireid_converters.convert import convert
from bireid_models import NetworkConfig
from bireid_models.framework import keras
from bireid_models.layers import binary_layers
from bireid_models.network import build_network
from bireid_runtime.backends import BACKENDS
from bireid_runtime.extractor import Extractor
from bireid_runtime.self_test import self_test

# Every kind of block once: a deeper one, and one that widens.
CONFIG = {
    "backbone": "cdnet",
    "architecture": "3+5 3+5 3+5 3+5 3+5 3+5x2",
    "head": "fblneck",
    "width": 0.125,
    "input_height": 64,
    "input_width": 32,
}


def network_of(toys, **changes):
    keras.utils.set_random_seed(3)
    network = build_network(NetworkConfig(**CONFIG, **changes))
    rng = np.random.default_rng(0)
    for layer in network.model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            shape = layer.moving_mean.shape
            layer.moving_mean.assign(rng.normal(0, 0.1, shape))
            layer.moving_variance.assign(rng.uniform(0.5, 2, shape))
            layer.beta.assign(rng.normal(0, 0.1, shape))
    return network


@pytest.fixture(scope="module")
def bundle(toys, tmp_path_factory):
    network = network_of(toys, downsample="binary")
    folder = tmp_path_factory.mktemp("cdnet") / "bundle"
    return convert(network, folder, ["lce", "onnx"], **toys.about(network)), network


@pytest.mark.slow
def test_the_gate_passes_with_every_1_bit_layer(bundle):
    written, network = bundle
    assert written.manifest["parity"]["verified"]
    operators = written.manifest["binarisation"]["operators"]
    assert operators["LceBconv2d"] == len(binary_layers(network.model))
    assert operators["CONCATENATION"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("backend", [each.name for each in BACKENDS if each.name != "lce"])
def test_every_engine_passes_the_self_test(bundle, backend):
    report = self_test(Extractor.open(bundle[0], backend))
    assert report.passed, report


@pytest.mark.slow
def test_the_real_valued_network_converts(toys, tmp_path):
    network = network_of(toys, precision="real")
    written = convert(network, tmp_path / "bundle", ["float-onnx"], **toys.about(network))
    assert written.manifest["parity"]["verified"]

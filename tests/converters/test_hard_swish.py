"""x relu6(x + 3) / 6 in every engine: as a layer of ours, and as others write it in Keras."""

import pytest
from bireid_converters.convert import convert
from bireid_converters.flatbuffer import read_tflite
from bireid_models import NetworkConfig
from bireid_models.backbones import BACKBONES, Backbone
from bireid_models.framework import keras, tf
from bireid_models.network import build_network
from bireid_models.nonlinearities import hard_swish
from bireid_models.units import batch_norm
from bireid_runtime.errors import UnsupportedModelError

from bireid_deploy.conversion import verify_bundle
from bireid_deploy.tasks import TASKS


def _normalised(image, config):
    x = keras.layers.Conv2D(config.channels(64), 3, 4, "same", use_bias=False, name="conv")(image)
    return batch_norm("bn")(x)


def as_layer(image, config):
    return {"map": hard_swish(_normalised(image, config), "unit")}


def as_printed(image, config):
    x = _normalised(image, config)
    return {"map": x * tf.nn.relu6(x + 3) / 6}


def as_in_keras_applications(image, config):
    x = _normalised(image, config)
    factor = keras.layers.ReLU(6.0)(x + 3.0) * (1.0 / 6.0)
    return {"map": keras.layers.Multiply()([x, factor])}


@pytest.fixture
def network(monkeypatch, toys):
    def call(spelling):
        monkeypatch.setitem(BACKBONES, "hard", Backbone(f"{__name__}:{spelling.__name__}"))
        size = {"input_height": 32, "input_width": 32}
        network = build_network(NetworkConfig("hard", precision="real", width=0.25, **size))
        toys.randomize(network.model)
        return network

    return call


def _operators(bundle):
    return {operator.name for operator in read_tflite(bundle.read("float")).operators}


def test_a_layer_of_it_runs_in_every_engine(network, toys, tmp_path):
    made = network(as_layer)
    about = toys.about(made)
    about["candidates"] = TASKS["reid"].samples(about["inputs"], 16)
    bundle = convert(made, tmp_path / "out", ("float", "float-onnx", "int8"), **about)
    assert "HARD_SWISH" in _operators(bundle)
    checks = verify_bundle(bundle.path)
    assert all(check.passed for check in checks), checks
    assert {f"golden inputs, {each}" for each in ("native", "litert", "onnx", "lce")} <= {
        check.name for check in checks
    }


@pytest.mark.parametrize("spelling", [as_printed, as_in_keras_applications])
def test_what_others_write_runs_as_tflite_and_is_no_onnx(network, toys, tmp_path, spelling):
    made = network(spelling)
    about = toys.about(made)
    bundle = convert(made, tmp_path / "out", ("float",), **about)
    assert "HARD_SWISH" in _operators(bundle)
    checks = verify_bundle(bundle.path)
    assert all(check.passed is not False for check in checks), checks
    with pytest.raises(UnsupportedModelError, match="does not know layers of the kind TFOpLambda"):
        convert(made, tmp_path / "other", ("float-onnx",), **about)

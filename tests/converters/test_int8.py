"""Keras against the int8 file in LiteRT."""

import numpy as np
import pytest
from bireid_converters.errors import ConversionError
from bireid_runtime import Bundle
from bireid_runtime.errors import UnsupportedModelError
from zoo import REID_BUNDLE


def interpreter(file, rows):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    litert = Interpreter(
        model_content=file,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        num_threads=1,
    )
    litert.resize_tensor_input(litert.get_input_details()[0]["index"], [rows, 64, 32, 3])
    litert.allocate_tensors()
    return litert


@pytest.fixture(scope="module")
def real_network():
    from bireid_models import NetworkConfig
    from bireid_models.framework import keras
    from bireid_models.network import build_network

    keras.utils.set_random_seed(3)
    return build_network(
        NetworkConfig("resnet10", input_height=64, input_width=32, width=0.125, precision="real")
    )


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).normal(size=(16, 64, 32, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def file(real_network, images):
    from bireid_converters.int8 import export_int8

    return export_int8(real_network, representative={"image": images})


def test_it_follows_keras(real_network, images, file):
    litert = interpreter(file, len(images))
    embed = litert.get_signature_runner()
    actual = embed(image=images)["embedding"]
    expected = np.asarray(real_network.model(images))
    assert actual.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(actual, axis=1), 1, atol=1e-5)
    assert (actual * expected).sum(axis=1).min() > 0.99


def test_weights_and_maps_are_int8(images, file):
    litert = interpreter(file, 1)
    operators = [entry["op_name"] for entry in litert._get_ops_details()]
    assert operators[0] == "QUANTIZE"
    # The mean is float, and so is what is made of it; all else is in integers.
    assert operators.index("DEQUANTIZE") < operators.index("MEAN")
    assert operators[-1] == "L2_NORMALIZATION"
    types = {np.dtype(entry["dtype"]) for entry in litert.get_tensor_details()}
    assert np.dtype(np.int8) in types
    assert operators.count("QUANTIZE") == operators.count("DEQUANTIZE") == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda images: images[:0], "there are none"),
        (lambda images: images[:, :32], "needs float32"),
        (lambda images: images.astype(np.uint8), "uint8"),
    ],
)
def test_wrong_representative_images(real_network, images, change, message):
    from bireid_converters.int8 import export_int8

    with pytest.raises(ConversionError, match=message):
        export_int8(real_network, representative={"image": change(images)})


def test_a_file_that_litert_cannot_open_is_refused_in_a_line(real_network):
    from bireid_converters.named_model import named_model
    from bireid_converters.parity.quantised import check_quantised

    other = Bundle.open(REID_BUNDLE).read("lce")
    inputs = {"image": np.zeros((1, 128, 64, 3), np.float32)}
    with pytest.raises(UnsupportedModelError) as caught:
        check_quantised(named_model(real_network), other, inputs, [])
    said = str(caught.value)
    assert said.startswith("LiteRT cannot run this network in int8; leave the format out (")
    assert "LceQuantize" in said
    assert "\n" not in said

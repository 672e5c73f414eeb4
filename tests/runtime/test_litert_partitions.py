"""The networks of this project in LiteRT: the delegate takes each from its input to its output."""

import importlib.util

import numpy as np
import pytest
from bireid_runtime import delegate_path

NETWORKS = {
    "ResNet-18": {"backbone": "resnet18"},
    "ResNet-34": {"backbone": "resnet34"},
    "ResNet-50": {"backbone": "resnet50"},
    "IR-Net": {"backbone": "resnet18", "binarization": "irnet"},
    "MobileNet": {"backbone": "mobilenet"},
}

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("larq_compute_engine") is None
    or importlib.util.find_spec("ai_edge_litert") is None,
    reason="needs larq-compute-engine and ai-edge-litert",
)


@pytest.fixture(scope="module", params=NETWORKS)
def flatbuffer(request) -> bytes:
    from bireid_converters.lce import export_lce
    from bireid_models import NetworkConfig
    from bireid_models.framework import keras
    from bireid_models.network import build_network

    keras.backend.clear_session()
    size = {"width": 0.125, "input_height": 64, "input_width": 32}
    return export_lce(build_network(NetworkConfig(**NETWORKS[request.param], **size)))


def make_interpreter(flatbuffer, **options):
    from ai_edge_litert.interpreter import Interpreter, load_delegate

    delegate = load_delegate(delegate_path(), options)
    return Interpreter(model_content=flatbuffer, experimental_delegates=[delegate])


def test_the_network_is_one_partition(flatbuffer):
    interpreter = make_interpreter(flatbuffer)
    interpreter.allocate_tensors()
    claimed = [each for each in interpreter._get_ops_details() if each["op_name"] == "DELEGATE"]
    assert len(claimed) == 1
    image, embedding = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert image["index"] in claimed[0]["inputs"]
    assert claimed[0]["outputs"].tolist() == [embedding["index"]]


def test_a_batch_gives_what_single_images_give(flatbuffer):
    images = np.random.default_rng(0).normal(size=(3, 64, 32, 3)).astype(np.float32)
    rows = {}
    for batch in (1, 3):
        interpreter = make_interpreter(flatbuffer, threads="2")
        index = interpreter.get_input_details()[0]["index"]
        interpreter.resize_tensor_input(index, (batch, 64, 32, 3))
        interpreter.allocate_tensors()
        rows[batch] = []
        for begin in range(0, 3, batch):
            interpreter.set_tensor(index, images[begin : begin + batch])
            interpreter.invoke()
            output = interpreter.get_output_details()[0]
            rows[batch].append(interpreter.get_tensor(output["index"]))
    np.testing.assert_array_equal(np.concatenate(rows[1]), np.concatenate(rows[3]))


def test_it_computes_what_lce_computes(flatbuffer):
    from bireid_runtime.backends.lce import _package_without_init

    with _package_without_init():
        from larq_compute_engine.tflite.python.interpreter import Interpreter

        reference = Interpreter(flatbuffer)
    image = np.random.default_rng(1).normal(size=(1, 64, 32, 3)).astype(np.float32)
    interpreter = make_interpreter(flatbuffer)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    result = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    assert np.abs(result - reference.predict(image)).max() <= 1e-6

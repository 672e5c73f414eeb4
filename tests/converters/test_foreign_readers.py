"""Programs of others that docs/onnx.md names as readers of the ONNX files."""

import cv2
import numpy as np
import pytest
from bireid_converters.onnx_export import export_onnx
from bireid_models import NetworkConfig
from bireid_models.network import build_network


def test_opencv_reads_the_real_valued_file(toys):
    network = build_network(
        NetworkConfig("resnet10", input_height=64, input_width=32, width=0.125, precision="real")
    )
    toys.randomize(network.model)
    images = np.random.default_rng(0).normal(size=(1, 64, 32, 3)).astype(np.float32)
    reader = cv2.dnn.readNetFromONNX(np.frombuffer(export_onnx(network), np.uint8))
    reader.setInput(images)
    np.testing.assert_allclose(reader.forward(), network.model(images), atol=1e-5)


def test_opencv_does_not_read_the_one_bit_file(small_network):
    """When it does, docs/onnx.md can say so."""
    with pytest.raises(cv2.error, match="BitwiseAnd"):
        cv2.dnn.readNetFromONNX(np.frombuffer(export_onnx(small_network), np.uint8))

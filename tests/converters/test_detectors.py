"""Detectors of several maps, converted: every engine finds the same cells, the stride is right."""

import numpy as np
import pytest
from bireid_converters.card import CardFacts
from bireid_converters.convert import convert
from bireid_models import NetworkConfig
from bireid_models.network import build_network
from bireid_runtime import Detector, self_test
from bireid_runtime.boxes import Decoding
from bireid_runtime.inputs import InputSpec
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.preprocess import Preprocess

SIZE = {"width": 0.125, "input_height": 64, "input_width": 96}
# Network, stride, 1-bit layers, and an operator that the others have not.
HEADS = {
    "fused_detector": ({"backbone": "resnet18_stage3"}, 16, 15, "MAX_POOL_2D"),
    "fpn_detector": ({"last_stride": 2}, 8, 21, "RESIZE_NEAREST_NEIGHBOR"),
}


@pytest.mark.slow
@pytest.mark.parametrize("head", HEADS)
def test_every_engine_computes_the_map(head, toys, tmp_path):
    fields, stride, layers, operator = HEADS[head]
    network = build_network(NetworkConfig(head=head, **fields, **SIZE))
    toys.randomize(network.model)
    preprocess = Preprocess(64, 96, fit="letterbox")
    shape = (64 // stride, 96 // stride)
    bundle = convert(
        network,
        tmp_path / "bundle",
        ("lce", "onnx"),
        name="toy",
        task="detection",
        inputs=(InputSpec.image("image", preprocess),),
        outputs=(OutputSpec.boxes("boxes", shape, ["person"], Decoding(stride)),),
        licences={"weights": "Apache-2.0", "training_data": "none"},
        card=CardFacts("object-detection", ("toy",), "a picture", "## Use\n\nNone."),
    )
    assert bundle.manifest["outputs"][0]["shape"] == [None, *shape, 5]
    assert bundle.manifest["outputs"][0]["decode"]["stride"] == stride
    operators = bundle.manifest["binarisation"]["operators"]
    assert operators["LceBconv2d"] == layers
    assert operator in operators
    for backend in ("native", "litert", "onnx"):
        assert self_test(Detector.open(bundle.path, backend)).passed, backend


def test_a_cell_of_the_fine_map_is_where_its_pixels_are(toys):
    """Something bright in one cell raises scores around that cell, at stride 8 as well."""
    network = build_network(NetworkConfig(head="fpn_detector", last_stride=2, **SIZE))
    toys.randomize(network.model)
    dark = np.zeros((1, 64, 96, 3), np.float32)
    bright = dark.copy()
    bright[:, 32:40, 64:72] = 5.0
    change = np.abs(network.model(bright) - network.model(dark)).sum(axis=-1)[0]
    rows, columns = np.nonzero(change)
    assert change[4, 8] > 0
    assert abs(np.average(rows, weights=change[rows, columns]) - 4) < 2
    assert abs(np.average(columns, weights=change[rows, columns]) - 8) < 3

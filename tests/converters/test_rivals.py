"""Every rival of BiRe-ID and every backbone, converted and run by every engine."""

import numpy as np
import pytest
from bireid_converters.audit import audit_lce, audit_onnx
from bireid_converters.convert import convert
from bireid_converters.lce import export_lce
from bireid_converters.onnx_export import export_onnx
from bireid_models import NetworkConfig
from bireid_models.network import build_network
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.extractor import Extractor

SIZE = {"input_height": 64, "input_width": 32, "width": 0.125}
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("backbone", "binarization", "options", "layers"),
    [
        ("resnet10", "xnor", {}, 8),
        ("resnet10", "bireal", {"stem": "cifar"}, 8),
        ("resnet10", "reactnet", {}, 8),
        ("resnet10", "irnet", {"downsample": "binary"}, 11),
        ("resnet50", "reactnet", {}, 48),
        ("mobilenet", "reactnet", {}, 26),
        ("mobilenet_v2", "bireid", {}, 34),
    ],
)
def test_all_engines_agree(toys, tmp_path, backbone, binarization, options, layers):
    network = build_network(NetworkConfig(backbone, binarization=binarization, **options, **SIZE))
    toys.randomize(network.model)
    crops = list(np.random.default_rng(1).integers(0, 256, (32, 64, 32, 3), dtype=np.uint8))

    # The parity gate is part of the conversion: every sum exact, every factor folded.
    about = toys.about(network, candidates={"image": crops})
    bundle = convert(network, tmp_path / "bundle", ["lce", "onnx"], **about)

    parity = bundle.manifest["parity"]["binary"]["formats"]
    assert {entry["exact_binary_layers"] for entry in parity.values()} == {layers}
    assert bundle.manifest["binarisation"]["operators"]["LceBconv2d"] == layers
    expected = Extractor.open(bundle, "lce").embed(crops)
    for backend in ("native", "litert"):
        found = Extractor.open(bundle, backend).embed(crops)
        np.testing.assert_allclose(found, expected, atol=1e-6)
    found = Extractor.open(bundle, "onnx").embed(crops)
    assert np.mean(np.abs(found - expected).max(axis=1) < 1e-3) >= 0.85


def reasons(toys, backbone, binarization, export, audit):
    network = build_network(NetworkConfig(backbone, binarization=binarization, **SIZE))
    layers = audit(export(toys.randomize(network.model))).layers
    return {layer.name: (layer.kind, layer.reason) for layer in layers}


@pytest.mark.parametrize(("export", "audit"), [(export_lce, audit_lce), (export_onnx, audit_onnx)])
def test_repeated_channels_say_why_they_are_float(toys, export, audit):
    found = reasons(toys, "mobilenet", "reactnet", export, audit)
    assert found["stage2_block1_unit2_repeat"] == ("real", "it repeats channels for a shortcut")


def test_what_a_sign_needs_in_float_is_said(toys):
    def found(backbone, binarization):
        return reasons(toys, backbone, binarization, export_lce, audit_lce)

    shifted = found("resnet18", "reactnet")
    assert shifted["stage3_unit2_conv"] == ("binary", "float before its sign: ADD")
    plain = found("resnet18", "xnor")
    assert plain["stage1_unit2_conv"] == ("binary", "")
    assert plain["stage1_unit3_conv"] == ("binary", "float before its sign: MUL, ADD")
    # A sum of two maps is no operator per channel, even if the sign alone reads it.
    assert found("resnet50", "irnet")["stage1_block1_unit3_conv"] == ("binary", "")


def test_scales_of_rivals_vanish_into_the_binary_convolution(toys):
    """Bi-Real Net leaves nothing between its convolutions but the additions of the shortcuts."""
    network = build_network(NetworkConfig(binarization="bireal", **SIZE))
    audit = audit_lce(export_lce(toys.randomize(network.model)))
    # Beside 16 shortcuts: batch normalisation behind the pooling of the stem and in the neck.
    assert audit.operators["ADD"] == 16 + 2
    assert audit.operators["MUL"] == 2


def test_the_first_of_two_stages_is_not_converted(toys, tmp_path):
    network = build_network(NetworkConfig(precision="binary_activations", **SIZE))
    with pytest.raises(UnsupportedModelError, match="first of two training stages"):
        convert(network, tmp_path / "bundle", ["onnx"], **toys.about(network))

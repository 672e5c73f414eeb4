"""The whole conversion, from a network to a bundle that the runtime runs."""

import json

import numpy as np
import pytest
from bireid_converters.convert import convert
from bireid_converters.errors import ConversionError, ParityError
from bireid_converters.named_model import named_model
from bireid_models import NetworkConfig
from bireid_models.framework import keras
from bireid_models.network import build_network
from bireid_runtime import InputSpec, OutputSpec
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.extractor import Extractor
from bireid_runtime.preprocess import Preprocess
from bireid_runtime.self_test import self_test

SIZE = {"backbone": "resnet10", "input_height": 64, "input_width": 32, "width": 0.125}


@pytest.fixture(scope="module")
def real_network():
    keras.utils.set_random_seed(3)
    return build_network(NetworkConfig(precision="real", **SIZE))


@pytest.fixture(scope="module")
def bundle(toys, small_network, real_network, tmp_path_factory):
    return convert(
        small_network,
        tmp_path_factory.mktemp("converted") / "bundle",
        ["int8", "onnx", "lce", "float-onnx"],
        real_network=real_network,
        representative={
            "image": np.random.default_rng(0).normal(size=(8, 64, 32, 3)).astype(np.float32)
        },
        **toys.about(small_network),
    )


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["onnx", "lce"])
def test_the_runtime_passes_its_self_test(bundle, backend):
    report = self_test(Extractor.open(bundle, backend))
    assert report.passed, report
    assert max(row.max_abs for row in report.rows) < 1e-5


@pytest.mark.slow
def test_the_manifest_tells_what_was_done(bundle):
    assert list(bundle.formats) == ["lce", "onnx", "float-onnx", "int8"]
    parity = bundle.manifest["parity"]
    assert parity["verified"]
    assert parity["binary"]["passed"]
    assert parity["real"]["passed"]
    assert set(parity["binary"]["formats"]) == {"lce", "onnx"}
    assert set(parity["real"]["formats"]) == {"float-onnx"}
    assert bundle.manifest["binarisation"]["operators"]["LceBconv2d"] == 8
    assert bundle.manifest["golden"]["source"] == "generated patterns"
    assert bundle.manifest["task"] == "reid"


@pytest.mark.slow
def test_the_onnx_file_tells_what_it_is(bundle):
    import onnx

    properties = {entry.key: entry.value for entry in onnx.load(bundle.file("onnx")).metadata_props}
    assert properties["name"] == "toy"
    assert properties["license"] == "Apache-2.0"
    assert json.loads(properties["inputs"]) == bundle.manifest["inputs"]
    assert json.loads(properties["outputs"]) == bundle.manifest["outputs"]


def test_a_file_of_other_weights_is_not_written(toys, small_network, tmp_path):
    from bireid_converters.parity import check_parity

    other = build_network(NetworkConfig(**SIZE))
    toys.randomize(other.model, seed=9)

    def gate_against_other_weights(network, files, inputs, outputs):
        return check_parity(named_model(other), files, inputs, outputs)

    with pytest.raises(ParityError, match="onnx: stage1_unit1_conv"):
        convert(
            small_network,
            tmp_path / "bundle",
            ["onnx"],
            gate=gate_against_other_weights,
            **toys.about(small_network),
        )
    assert list(tmp_path.iterdir()) == []


def test_the_gate_can_be_skipped_and_the_bundle_says_so(toys, small_network, tmp_path):
    def gate(network, files, inputs, outputs):
        raise AssertionError("the gate must not run")

    crops = list(np.random.default_rng(1).integers(0, 256, (12, 90, 50, 3), dtype=np.uint8))
    bundle = convert(
        small_network,
        tmp_path / "bundle",
        ["onnx"],
        candidates={"image": crops},
        verify=False,
        gate=gate,
        **toys.about(small_network),
    )
    assert bundle.manifest["parity"] == {"verified": False}
    assert bundle.manifest["golden"]["source"].startswith("inputs given")
    stored = bundle.golden().inputs["image"]
    assert all(any(np.array_equal(crop, other) for other in crops) for crop in stored)


def test_a_real_valued_network_alone(toys, real_network, tmp_path):
    bundle = convert(real_network, tmp_path / "bundle", ["float-onnx"], **toys.about(real_network))
    assert list(bundle.formats) == ["float-onnx"]
    assert bundle.manifest["binarisation"] == {}
    assert "A real-valued resnet10" in (bundle.path / "card.md").read_text()


@pytest.mark.parametrize(
    ("formats", "changes", "error", "message"),
    [
        (["tflite"], {}, ConversionError, "no format 'tflite'"),
        ([], {}, ConversionError, "no format to convert to"),
        (["onnx", "int8"], {}, ConversionError, "give the real-valued counterpart"),
        (
            ["onnx"],
            {"inputs": (InputSpec.image("image", Preprocess(128, 64)),)},
            ConversionError,
            r"'image' of the network has the shape \(64, 32, 3\), its spec \(128, 64, 3\)",
        ),
        (
            ["onnx"],
            {"outputs": (OutputSpec.embedding("embedding", 63),)},
            ConversionError,
            r"'embedding' of the network has the shape \(64,\), its spec \(63,\)",
        ),
        (
            ["onnx"],
            {"outputs": (OutputSpec.embedding("a", 64), OutputSpec.tensor("b", (3,)))},
            ConversionError,
            "the outputs of the network are embedding, those asked for a, b",
        ),
        (
            ["onnx"],
            {"outputs": (OutputSpec.embedding("image", 64),)},
            ConversionError,
            "'image' names an input and an output",
        ),
    ],
)
def test_what_cannot_be_converted(toys, small_network, tmp_path, formats, changes, error, message):
    with pytest.raises(error, match=message):
        convert(small_network, tmp_path / "bundle", formats, **toys.about(small_network, **changes))
    assert list(tmp_path.iterdir()) == []


def test_a_real_valued_network_has_no_binary_file(toys, real_network, tmp_path):
    with pytest.raises(UnsupportedModelError, match="choose float or float-onnx or int8"):
        convert(real_network, tmp_path / "bundle", ["lce"], **toys.about(real_network))


def test_int8_needs_images(toys, real_network, tmp_path):
    with pytest.raises(ConversionError, match="int8 needs inputs"):
        convert(real_network, tmp_path / "bundle", ["int8"], **toys.about(real_network))


def test_an_occupied_target_is_found_before_the_work(toys, small_network, tmp_path):
    def gate(network, files, inputs, outputs):
        raise AssertionError("files were written before the target was looked at")

    (tmp_path / "notes.txt").write_text("keep me")
    with pytest.raises(ConversionError, match="is not a bundle"):
        convert(small_network, tmp_path, ["onnx"], gate=gate, **toys.about(small_network))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]

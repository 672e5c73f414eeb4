"""From a network of 1-bit kernels to a file for an Ethos-U, by way of int8."""

import dataclasses

import numpy as np
import pytest
from bireid_converters.convert import convert
from bireid_converters.errors import ConversionError, ParityError
from bireid_converters.ethos_u.compile import check_structure, compile_ethos_u
from bireid_converters.ethos_u.configurations import CONFIGURATIONS
from bireid_converters.flatbuffer import read_tflite
from bireid_converters.formats import find_format
from bireid_converters.named_model import named_model
from bireid_converters.parity.quantised import check_quantised
from bireid_models import NetworkConfig
from bireid_models.deploying import deployable
from bireid_models.layers import latent_layers
from bireid_models.network import build_network
from bireid_runtime import Session
from bireid_runtime.errors import ArgumentError, UnsupportedModelError
from click.testing import CliRunner

from bireid_deploy.benchmark.engines import engines_of
from bireid_deploy.cli.inspect import command as inspect
from bireid_deploy.comparison.contestants import find_contestant

SIZE = {"input_height": 64, "input_width": 32, "width": 0.25}


@pytest.fixture(scope="module")
def network(toys):
    network = build_network(NetworkConfig("resnet10", precision="binary_weights", **SIZE))
    toys.randomize(network.model)
    return network


@pytest.fixture(scope="module")
def bundle(toys, network, tmp_path_factory):
    rng = np.random.default_rng(0)
    crops = [rng.integers(256, size=(70, 30, 3), dtype=np.uint8) for _ in range(8)]
    return convert(
        deployable(network),
        tmp_path_factory.mktemp("bundles") / "bundle",
        ["float-onnx", "int8", "ethos-u"],
        candidates={"image": crops},
        configuration="u55-128",
        **toys.about(network),
    )


def test_the_report_is_in_manifest_and_card(bundle):
    report = bundle.manifest["files"]["model.ethos-u.tflite"]["report"]
    assert report["accelerator"] == "ethos-u55-128"
    assert report["cycles"] >= report["npu_cycles"] > 0
    assert 0 < report["flash_bytes"] < 100_000
    assert report["sram_bytes"] > 64 * 32 * 3
    assert report["estimated_ms"] == pytest.approx(1e3 * report["cycles"] / 500e6)
    assert report["npu_operators"] > 30
    left = {"QUANTIZE", "DEQUANTIZE", "MEAN", "MUL", "ADD", "L2_NORMALIZATION"}
    assert set(report["cpu_operators"]) == left
    card = (bundle.path / "card.md").read_text()
    assert f"- cycles: {report['cycles']}" in card
    assert "nothing of it was measured on a chip" in card
    assert "ethos-u-vela" in bundle.manifest["toolchain"]


def test_kernels_are_one_size_per_channel_in_int8(network, bundle):
    kernels = {
        tensor.constant.shape: tensor.constant
        for tensor in read_tflite(bundle.read("int8")).tensors
        if tensor.constant is not None and tensor.dtype == "int8" and tensor.constant.ndim == 4
    }
    for layer in latent_layers(network.model):
        signs = np.asarray(layer.binary_kernel()).transpose(3, 0, 1, 2)
        assert set(np.unique(np.abs(kernels[signs.shape]))) == {127}
    # Nothing else is: the stem and the projections keep their weights.
    assert len(np.unique(np.abs(kernels[(16, 7, 7, 3)]))) > 50


def test_the_coder_stores_them_in_little_more_than_a_bit(toys, bundle):
    report = bundle.manifest["files"]["model.ethos-u.tflite"]["report"]
    stem_and_projections = 16 * 147 + 32 * 16 + 64 * 32 + 128 * 64
    signs = report["weights"] - stem_and_projections
    assert (8 * report["coded_weight_bytes"] - 8 * stem_and_projections) / signs < 1.25


def test_another_configuration(bundle):
    report = compile_ethos_u(bundle.read("int8"), configuration="u65-256").report
    assert report["dram_bytes"] > report["coded_weight_bytes"]
    assert "ethos-u65-256, Vela estimates" in report["summary"]


def test_engines_here_open_the_other_files_alone(bundle):
    assert Session.open(bundle.path).backend == "onnx"
    assert {each.path for each in engines_of(bundle, (), 1)} == {
        str(bundle.path),
        str(bundle.file("int8")),
    }
    with pytest.raises(ArgumentError, match="no model file of a bundle that runs here"):
        find_contestant(bundle.file("ethos-u"))


def test_inspect_says_what_the_compiler_said(bundle):
    shown = CliRunner().invoke(inspect, [str(bundle.path)])
    assert shown.exit_code == 0, shown.output
    summary = bundle.manifest["files"]["model.ethos-u.tflite"]["report"]["summary"]
    assert f"model.ethos-u.tflite: {summary}" in shown.output.replace("\n  ", " ")


def test_every_configuration_is_one_of_velas():
    from ethosu.vela.architecture_features import Accelerator

    assert find_format("ethos-u").configurations == tuple(CONFIGURATIONS)
    known = set(Accelerator.member_list())
    assert {each.accelerator for each in CONFIGURATIONS.values()} <= known


@pytest.mark.parametrize(
    ("formats", "configuration", "message"),
    [
        (["ethos-u"], "u55-265", r"no configuration 'u55-265'; did you mean u55-256\?"),
        (["int8"], "u55-256", "belongs to no format that is written; add the format ethos-u"),
    ],
)
def test_wrong_configurations(toys, network, tmp_path, formats, configuration, message):
    with pytest.raises(ConversionError, match=message):
        convert(
            network, tmp_path / "b", formats, configuration=configuration, **toys.about(network)
        )


def test_vela_says_why_it_fails():
    with pytest.raises(ConversionError, match=r"Vela failed \(exit status"):
        compile_ethos_u(b"no model at all", configuration="u55-256")


def test_a_file_that_gains_nothing_is_refused(bundle):
    source, compiled = (read_tflite(bundle.read(name)) for name in ("int8", "ethos-u"))
    with pytest.raises(UnsupportedModelError, match="left every operator to the CPU"):
        check_structure(source, source)
    convolution = next(each for each in source.operators if each.name == "CONV_2D")
    spoilt = dataclasses.replace(compiled, operators=(*compiled.operators, convolution))
    with pytest.raises(UnsupportedModelError, match="left a CONV_2D to the CPU"):
        check_structure(source, spoilt)
    renamed = dataclasses.replace(
        compiled, signature=dataclasses.replace(compiled.signature, inputs={"picture": 0})
    )
    with pytest.raises(UnsupportedModelError, match="Vela wrote a file with"):
        check_structure(source, renamed)


def test_int8_of_another_network_does_not_pass(toys, bundle):
    """What the conversion runs before Vela."""
    assert bundle.manifest["parity"]["quantised"]["int8"]["mean_cosine"] > 0.95
    other = build_network(NetworkConfig("resnet10", precision="real", **SIZE))
    images = np.random.default_rng(1).normal(size=(4, 64, 32, 3)).astype(np.float32)
    outputs = [toys.embedding_spec(other)]
    data = bundle.read("int8")
    report = check_quantised(named_model(other), data, {"image": images}, outputs)
    assert not report.passed
    assert "mean cosine" in report.failure


def test_the_gate_of_int8_stops_a_conversion(toys, bundle, tmp_path, monkeypatch):
    kept = bundle.read("int8")
    monkeypatch.setattr("bireid_converters.int8.export_int8", lambda network, representative: kept)
    crops = np.random.default_rng(0).integers(256, size=(3, 70, 30, 3), dtype=np.uint8)
    other = build_network(NetworkConfig("resnet10", precision="real", **SIZE))
    with pytest.raises(ParityError, match="int8 does not follow the network: mean cosine"):
        convert(
            other, tmp_path / "b", ["ethos-u"], candidates={"image": [*crops]}, **toys.about(other)
        )
    assert not (tmp_path / "b").exists()

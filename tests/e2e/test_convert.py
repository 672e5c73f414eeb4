"""`bireid-deploy convert`."""

import json
import shutil
import subprocess

import bireid_converters.onnx_export
import pytest

from bireid_deploy import extras

ENGINES = ["keras", "native", "litert", "onnx", "lce"]


@pytest.fixture
def broken_exporter(monkeypatch, flip_weight):
    """An ONNX exporter that writes one weight of one layer with the wrong sign."""
    right = bireid_converters.onnx_export.export_onnx

    def wrong(network, **options):
        return flip_weight(right(network, **options), "stage3_unit2_conv")

    monkeypatch.setattr(bireid_converters.onnx_export, "export_onnx", wrong)


def test_the_hashes_of_a_bundle_are_checked_by_sha256sum(bundle):
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=bundle,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    listed = {line.removesuffix(": OK") for line in done.stdout.splitlines()}
    assert listed == {path.name for path in bundle.iterdir()} - {"SHA256SUMS"}


def test_the_summary_and_the_manifest_hold_sizes_parity_and_ranking(converted, people):
    summary = converted.result.json
    manifest = json.loads((converted.path / "manifest.json").read_text())
    assert summary["bundle"] == str(converted.path)
    assert summary["fingerprint"] == manifest["fingerprint"]
    assert summary["bytes"] == {
        "lce": (converted.path / "model.lce.tflite").stat().st_size,
        "onnx": (converted.path / "model.onnx").stat().st_size,
    }
    assert manifest["name"] == "tiny"
    assert manifest["training"]["recipe"]["network"]["width"] == 0.125

    parity = manifest["parity"]
    assert parity["verified"]
    for found in parity["binary"]["formats"].values():
        assert found["exact_binary_layers"] == found["binary_layers"] == 8

    keras, *others = manifest["metrics"]
    assert [record["engine"] for record in manifest["metrics"]] == ENGINES
    assert keras["valid_queries"] == 240
    assert keras["data"] == people.name
    for record in others:
        for score in ("mean_average_precision", "rank_1"):
            assert record[score] == pytest.approx(keras[score], abs=0.01)
        assert record["agreeing_share"] >= 0.85
    native, litert, _, lce = others
    assert native["agreeing_share"] == litert["agreeing_share"] == lce["agreeing_share"]
    assert "embedding" in (converted.path / "card.md").read_text()


def test_a_person_sees_sizes_the_gate_and_the_path(four_formats):
    assert four_formats.result.out == f"{four_formats.path}\n"
    err = four_formats.result.err
    for name in ("model.lce.tflite", "model.onnx", "model.float.onnx", "model.int8.tflite"):
        assert f"{name}: 0." in err
        assert (four_formats.path / name).stat().st_size > 1000
    assert err.splitlines()[-1] == "parity gate passed"


@pytest.mark.slow
def test_native_libraries_stay_off_the_terminal(process, trained, tmp_path):
    result = process("convert", trained.path, "-o", tmp_path / "bundle", "--format", "lce")
    assert result.code == 0
    assert result.out == f"{tmp_path / 'bundle'}\n"
    assert result.err.splitlines() == [
        "exporting and checking",
        "model.lce.tflite: 0.04 MB",
        "parity gate passed",
    ]


@pytest.mark.usefixtures("broken_exporter")
def test_one_wrong_weight_is_refused_with_its_layer(refused, trained, bundle_copy, tmp_path):
    convert = ["convert", trained.path, "--format", "onnx", "-o"]
    err = refused(3, *convert, tmp_path / "fresh")
    assert "the binary network does not convert faithfully: onnx: stage3_unit2_conv: " in err
    assert sorted(tmp_path.iterdir()) == [bundle_copy]

    old = (bundle_copy / "manifest.json").read_bytes()
    refused(3, *convert, bundle_copy)
    assert (bundle_copy / "manifest.json").read_bytes() == old
    assert sorted(tmp_path.iterdir()) == [bundle_copy]


@pytest.mark.usefixtures("broken_exporter")
def test_no_verify_skips_the_gate_and_says_so(cli, trained, tmp_path):
    out = tmp_path / "bundle"
    names = ["--name", "night", "--weights-licence", "CC-BY-4.0", "--data-licence", "my own"]
    result = cli("convert", trained.path, "--format", "onnx", "-o", out, "--no-verify", *names)
    assert result.code == 0
    assert "parity gate skipped" in result.err
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["parity"] == {"verified": False}
    assert manifest["name"] == "night"
    assert manifest["licences"] == {"weights": "CC-BY-4.0", "training_data": "my own"}


def test_an_existing_bundle_is_replaced(cli, trained_real, bundle_copy):
    result = cli("convert", trained_real.path, "-o", bundle_copy, "--format", "float-onnx")
    assert result.code == 0
    manifest = json.loads((bundle_copy / "manifest.json").read_text())
    assert manifest["name"] == "tiny-real"
    assert not (bundle_copy / "model.lce.tflite").exists()


def test_a_target_that_is_not_a_bundle_is_left_alone(refused, trained, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    err = refused(2, "convert", trained.path, "-o", tmp_path)
    assert f"{tmp_path}: exists and is not a bundle" in err
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_what_cannot_be_converted(refused, trained, trained_real, people, tmp_path):
    out = ["-o", tmp_path / "bundle"]
    assert f"{people}: not a training run" in refused(2, "convert", people, *out)
    assert "did you mean onnx?" in refused(2, "convert", trained.path, *out, "--format", "onxx")
    assert "this one is real-valued" in refused(6, "convert", trained_real.path, *out)
    err = refused(2, "convert", trained.path, *out, "--format", "int8")
    assert "give the real-valued counterpart" in err
    err = refused(2, "convert", trained.path, *out, "--data", tmp_path / "absent")
    assert f"{tmp_path / 'absent'} does not exist" in err
    assert not (tmp_path / "bundle").exists()


def test_a_damaged_checkpoint_is_named(refused, trained, damage, tmp_path):
    run = shutil.copytree(trained.path, tmp_path / "run")
    damage(run / "checkpoint.npz", lambda content: content[:-1000])
    err = refused(2, "convert", run, "-o", tmp_path / "bundle")
    assert f"{run / 'checkpoint.npz'}: damaged checkpoint" in err


def test_what_was_measured_is_said(cli, trained, people, tmp_path):
    options = ("--data", people, "--format", "onnx", "--no-verify")
    result = cli("convert", trained.path, "-o", tmp_path / "bundle", *options)
    assert result.code == 0, result.err
    assert result.out == f"{tmp_path / 'bundle'}\n"
    for engine in ("keras", "onnx"):
        (line,) = [each for each in result.err.splitlines() if each.startswith(f"{engine} on ")]
        assert "mAP " in line
        assert "rank-1 " in line
    assert line.endswith("% of outputs as the first")


@pytest.mark.parametrize(
    ("format", "package", "extra"),
    [("ethos-u", "ethos-u-vela", "vela"), ("qonnx", "qonnx", "qonnx")],
)
def test_a_format_whose_packages_are_missing(
    refused, trained, tmp_path, monkeypatch, format, package, extra
):
    present = extras.is_installed
    monkeypatch.setattr(extras, "is_installed", lambda name: name != package and present(name))
    err = refused(4, "convert", trained.path, "-o", tmp_path / "b", "--format", format)
    assert err.strip() == (
        f'bireid-deploy: {package} is not installed: pip install "bireid-deploy[{extra}]"'
    )


def test_a_configuration_that_no_format_has(refused, trained, tmp_path):
    arguments = ("convert", trained.path, "-o", tmp_path / "b", "--configuration", "u65-521")
    assert "add the format ethos-u" in refused(2, *arguments)
    assert "did you mean u65-512" in refused(2, *arguments, "--format", "ethos-u")

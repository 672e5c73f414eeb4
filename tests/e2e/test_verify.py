"""`bireid-deploy verify`."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import native_library
from bireid_runtime.backends.litert import LitertSession
from bireid_runtime.backends.native import NativeSession
from golden_edit import edit_decoded
from zoo import DETECTOR_BUNDLE

from bireid_deploy.conversion import verify_bundle

ENGINES = ("native", "litert", "onnx", "lce")


def _edit_manifest(bundle, change):
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def _flip_a_byte(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _halve(content):
    return content[: len(content) // 2]


def test_a_sound_bundle(cli, bundle):
    result = cli("verify", bundle)
    assert result.code == 0
    assert result.err == "verified\n"
    assert sum(line.startswith(" ok ") for line in result.out.splitlines()) == 9
    golden = [f"golden inputs, {engine}" for engine in ENGINES]
    for check in ("hashes", *golden, "native vs lce", "litert vs lce", "lce vs onnx"):
        assert check in result.out
    assert "(1e-06 allowed)" in result.out
    assert "(5e-07 allowed)" in result.out


def test_an_engine_that_is_not_here_is_skipped_and_says_why(cli, bundle, monkeypatch):
    monkeypatch.setattr(native_library, "_FOLDER", "bireid_runtime._missing")
    result = cli("verify", bundle)
    assert result.code == 0
    assert result.err == "verified, 4 skipped\n"
    skipped = [line for line in result.out.splitlines() if line.startswith(" skipped ")]
    libraries = {"native": "libbireid.so", "litert": "libbireid_delegate.so"}
    checks = [f"golden inputs, {engine} " for engine in libraries]
    checks += [f"{engine} vs lce " for engine in libraries]
    for line, check, library in zip(skipped, checks, [*libraries.values()] * 2, strict=True):
        assert check in line
        assert f"without {library}: reinstall its wheel" in line

    checks = {check["name"]: check for check in cli("verify", bundle, "--json").json["checks"]}
    assert checks["golden inputs, native"]["passed"] is None
    assert checks["golden inputs, litert"]["passed"] is None
    assert checks["golden inputs, lce"]["passed"] is True


@pytest.mark.parametrize(
    ("session", "name", "error"),
    [(NativeSession, "native", 5e-6), (LitertSession, "litert", 5e-7)],
)
def test_kernels_that_round_otherwise_are_found(cli, bundle, monkeypatch, session, name, error):
    run = session.run

    def rounding_otherwise(self, inputs):
        return {output: rows + error for output, rows in run(self, inputs).items()}

    monkeypatch.setattr(session, "run", rounding_otherwise)
    result = cli("verify", bundle)
    assert result.code == 3
    assert f"{bundle}: {name} vs lce: largest difference 5" in result.err


def test_against_the_run_and_on_a_test_set(cli, bundle, trained, people):
    arguments = ["--run", trained.path, "--data", people, "--explain", "--json"]
    result = cli("verify", bundle, *arguments)
    assert result.code == 0
    assert result.json["passed"]
    checks = {check["name"]: check for check in result.json["checks"]}
    assert "8 binary layers exact" in checks["lce vs keras"]["detail"]
    assert "8 binary layers exact" in checks["onnx vs keras"]["detail"]
    ranking = checks["scores on people"]["detail"]
    assert all(f"{engine} mAP 0.0" in ranking for engine in ("keras", *ENGINES))
    layers = result.json["layers"]
    for name in ("lce", "onnx"):
        names = [layer["name"] for layer in layers if layer["format"] == name]
        assert names[0] == "stem_conv"
        assert names[-1] == "embedding"
        assert "stage4_unit2_conv" in names


def test_the_layers_as_a_table(cli, bundle, trained):
    result = cli("verify", bundle, "--run", trained.path, "--explain")
    assert result.code == 0
    header = next(line for line in result.out.splitlines() if "items that agree" in line)
    assert " ".join(header.split()) == "layer file largest difference items that agree"
    assert "stage2_unit2_conv" in result.out


def test_explain_needs_the_run(refused, bundle):
    assert "add --run RUN" in refused(2, "verify", bundle, "--explain")


@pytest.mark.parametrize(
    "name", ["model.lce.tflite", "model.onnx", "golden.safetensors", "card.md"]
)
def test_a_changed_file_is_named(refused, bundle_copy, damage, name):
    damage(bundle_copy / name, _flip_a_byte)
    err = refused(3, "verify", bundle_copy)
    assert f"{bundle_copy / name}: SHA-256 mismatch" in err


def test_a_changed_manifest_is_refused(refused, bundle_copy):
    _edit_manifest(bundle_copy, lambda manifest: manifest.update(name="better"))
    assert "manifest.json: SHA-256 mismatch" in refused(3, "verify", bundle_copy)


def test_a_file_of_another_size_is_refused(refused, bundle_copy, damage):
    damage(bundle_copy / "model.onnx", _halve)
    err = refused(3, "verify", bundle_copy)
    assert "model.onnx: " in err
    assert "bytes, the manifest says" in err


def test_a_wrong_hash_in_the_list_is_refused(refused, bundle_copy):
    sums = bundle_copy / "SHA256SUMS"
    lines = sums.read_text().splitlines(keepends=True)
    assert lines[-1].endswith("model.onnx\n")
    lines[-1] = f"{'0' * 64}  model.onnx\n"
    sums.write_text("".join(lines))
    assert "the SHA-256 of model.onnx is not that of the manifest" in refused(
        3, "verify", bundle_copy
    )


@pytest.mark.parametrize(
    "name", ["model.onnx", "golden.safetensors", "SHA256SUMS", "manifest.json"]
)
def test_a_missing_file_is_named(refused, bundle_copy, name):
    (bundle_copy / name).unlink()
    err = refused(2, "verify", bundle_copy)
    assert str(bundle_copy) in err
    assert name in err


def test_what_is_no_bundle(refused, tmp_path, people):
    assert "does not exist" in refused(2, "verify", tmp_path / "absent")
    assert f"{people}: not a bundle" in refused(2, "verify", people)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda manifest: manifest["inputs"][0].pop("preprocess"),
            "key 'inputs[0].preprocess' is missing",
        ),
        (lambda manifest: manifest.update(schema_version=1), "reads 2: convert the run again"),
        (
            lambda manifest: manifest["files"].update(
                {"../evil.onnx": {"format": "x", "bytes": 1, "sha256": "0" * 64}}
            ),
            "'../evil.onnx' is not a plain file name",
        ),
    ],
)
def test_a_malformed_manifest_with_right_hashes(
    refused, bundle_copy, rewrite_hashes, change, message
):
    if "evil" in message:
        # A file that is there, so that the name alone is what is wrong with it.
        (bundle_copy.parent / "evil.onnx").write_text("x")
    _edit_manifest(bundle_copy, change)
    rewrite_hashes(bundle_copy)
    assert message in refused(2, "verify", bundle_copy)


def test_changed_preprocessing_fails_on_the_golden_crops(cli, bundle_copy, rewrite_hashes):
    def change(manifest):
        manifest["inputs"][0]["preprocess"]["mean"] = [0.1] * 3

    _edit_manifest(bundle_copy, change)
    rewrite_hashes(bundle_copy)
    result = cli("verify", bundle_copy)
    assert result.code == 3
    assert result.out.count("FAILED") == 5
    assert f"{bundle_copy}: golden inputs, native: largest difference" in result.err
    assert "verified" not in result.err

    result = cli("verify", bundle_copy, "--json")
    assert result.code == 3
    assert not result.json["passed"]
    failed = [check["name"] for check in result.json["checks"] if not check["passed"]]
    assert failed == [*(f"golden inputs, {engine}" for engine in ENGINES), "fingerprint"]


def test_golden_maps_that_decode_to_something_else_are_told(tmp_path):
    folder = Path(shutil.copytree(DETECTOR_BUNDLE, tmp_path / "bundle"))
    sound = [check for check in verify_bundle(folder) if check.name.startswith("golden inputs")]
    assert len(sound) == len(ENGINES)
    assert all(check.passed for check in sound)
    edit_decoded(folder, lambda arrays: {name: np.ones((1, 6), np.float32) for name in arrays})
    found = [check for check in verify_bundle(folder) if check.name.startswith("golden inputs")]
    assert not any(check.passed for check in found)
    told = "; the golden maps decode to something else here (output 'boxes', item 0)"
    assert all(check.detail.endswith(told) for check in found)


@pytest.mark.parametrize("name", ["model.lce.tflite", "model.onnx"])
@pytest.mark.parametrize("change", [_halve, lambda content: content[:-1], lambda content: b""])
def test_a_truncated_model_with_right_hashes(
    refused, bundle_copy, damage, rewrite_hashes, name, change
):
    damage(bundle_copy / name, change)
    rewrite_hashes(bundle_copy)
    assert str(bundle_copy / name) in refused(6, "verify", bundle_copy)


def test_one_wrong_weight_is_found_with_the_run(
    cli, bundle_copy, damage, rewrite_hashes, flip_weight, trained
):
    damage(bundle_copy / "model.onnx", lambda content: flip_weight(content, "stage4_unit1_conv"))
    rewrite_hashes(bundle_copy)
    result = cli("verify", bundle_copy, "--run", trained.path, "--json")
    assert result.code == 3
    checks = {check["name"]: check for check in result.json["checks"]}
    assert checks["lce vs keras"]["passed"]
    assert not checks["onnx vs keras"]["passed"]
    assert checks["onnx vs keras"]["detail"].startswith("stage4_unit1_conv: ")


def test_the_run_of_another_network(cli, bundle, trained_real):
    result = cli("verify", bundle, "--run", trained_real.path)
    assert result.code == 3
    assert "was it converted from another network?" in result.err


def test_what_it_cannot_compare_with(refused, bundle, people, tmp_path):
    assert f"{people}: not a training run" in refused(2, "verify", bundle, "--run", people)
    err = refused(2, "verify", bundle, "--data", tmp_path / "absent")
    assert f"{tmp_path / 'absent'} does not exist" in err


def test_a_real_valued_bundle_is_compared_with_its_run(cli, trained_real, tmp_path):
    bundle = tmp_path / "real"
    arguments = ("convert", trained_real.path, "-o", bundle, "--format", "float-onnx")
    assert cli(*arguments).code == 0
    result = cli("verify", bundle, "--run", trained_real.path, "--json")
    assert result.code == 0
    assert "float-onnx vs keras" in {check["name"] for check in result.json["checks"]}


def test_a_fingerprint_of_another_network_is_found(cli, bundle_copy, rewrite_hashes):
    path = bundle_copy / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["fingerprint"] = "sha256:" + "0" * 64
    path.write_text(json.dumps(manifest))
    rewrite_hashes(bundle_copy)
    result = cli("verify", bundle_copy)
    assert result.code == 3
    assert "fingerprint: the manifest says sha256:000000000000, its files are " in result.err

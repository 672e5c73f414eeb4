"""`import`: from a checkpoint of PyTorch to a bundle that every engine runs."""

import json
from pathlib import Path

import numpy as np
import pytest
from bireid_converters.bundle import write_bundle
from bireid_runtime import Bundle, Extractor
from bireid_runtime.errors import UnsupportedModelError
from hostile_checkpoints import hostile
from zoo import REID_BUNDLE

from bireid_deploy.comparison.file_trial import try_file
from bireid_deploy.conversion import verify_bundle
from bireid_deploy.tasks import TASKS

FILES = Path(__file__).parents[1] / "converters" / "imported"
HOSTILE = (
    *("calls a function", "a stride of 0 for 2**34 elements", "a storage larger than its member"),
    *("unfolds to 256 MB", "a key that is nested 200,000 deep", "nothing of a network", "text"),
    *("a pickle without PyTorch", "a zip without a checkpoint", "safetensors behind the end"),
    *("a key that occurs twice", "HDF5"),
)
_KEPT = (
    *("name", "task", "network", "licences", "training"),
    *("metrics", "parity", "binarisation"),
)


def _import(name, out, *arguments):
    return "import", FILES / f"{name}.pth", "-o", out, "--size", "64x32", *arguments


@pytest.fixture(scope="module")
def made(make, people, tmp_path_factory):
    out = tmp_path_factory.mktemp("import") / "bundle"
    arguments = ("--reference", FILES / "layumi.npz", "--weights-licence", "MIT", "--int8")
    arguments += ("--data", people)
    return make(out, *_import("layumi", out, *arguments))


def test_it_says_what_it_found_took_for_granted_and_left_out(made):
    said = made.result.err
    assert "layumi, 16 numbers per image" in said
    assert "taken for granted: images of 256x128, bicubic" in said
    assert "model.fc.weight" in said
    assert "checked: reference: 3 images, smallest cosine 1.0000" in said
    assert "checked: int8: mean cosine 0.99" in said or "checked: int8: mean cosine 1.00" in said
    assert "times the time of float in LiteRT" in said


def test_the_file_in_integers_is_measured_beside_the_float_one(made):
    bundle = Bundle.open(made.path)
    rows = {each["engine"]: each for each in bundle.manifest["metrics"]}
    first, *_, last = rows
    assert (first, last) == ("native", "LiteRT, int8")
    row = rows[last]
    assert row["data"] == "people"
    assert 0 < row["mean_average_precision"] < 1
    own, other = (100 * rows[each]["mean_average_precision"] for each in (last, first))
    line = f"data: LiteRT, int8 has {own:.1f} mAP, native {other:.1f} on people"
    assert f"checked: {line}\n" in made.result.err
    assert line in bundle.manifest["training"]["checked"]
    assert f"| LiteRT, int8 | people | {own:.1f}" in (made.path / "card.md").read_text()


def test_the_bundle_is_like_any_other(made):
    bundle = Bundle.open(made.path)
    assert bundle.formats.keys() == {"float", "float-onnx", "int8"}
    assert bundle.preprocess.resize == "bicubic"
    assert all(check.passed for check in verify_bundle(made.path))
    origin = bundle.manifest["training"]["imported_from"]
    assert origin["family"] == "layumi"
    assert len(origin["sha256"]) == 64
    assert bundle.manifest["licences"] == {"weights": "MIT", "training_data": "not stated"}
    assert "imported" in (made.path / "card.md").read_text()


@pytest.mark.parametrize("backend", ["native", "litert", "onnx"])
def test_the_engines_give_what_pytorch_computed(made, backend):
    with np.load(FILES / "layumi.npz") as arrays:
        images, features = arrays["images"], arrays["features"]
    expected = features / np.linalg.norm(features, axis=1, keepdims=True)
    found = Extractor.open(made.path, backend=backend).embed(list(images))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_an_int8_file_that_litert_cannot_open_does_not_go_in(made, tmp_path):
    bundle = Bundle.open(made.path)
    wrong = Bundle.open(REID_BUNDLE).read("lce")
    broken = write_bundle(
        tmp_path / "broken",
        **{key: bundle.manifest[key] for key in _KEPT},
        inputs=bundle.inputs,
        outputs=bundle.outputs,
        files={"float": bundle.read("float"), "int8": wrong},
        golden=bundle.golden(),
        golden_source="the bundle before",
        card=TASKS["reid"].card,
    )
    inputs = {"image": np.zeros((1, 64, 32, 3), np.float32)}
    with pytest.raises(UnsupportedModelError, match="cannot run this network in int8; leave"):
        try_file(broken, "int8", inputs, np.ones((1, 16), np.float32) / 4)


def test_a_bundle_of_integers_alone_is_said_to_open_nowhere(cli, tmp_path):
    made = ("import", FILES / "mobilenet-v2.pth", "-o", tmp_path / "mb", "--size", "64x32")
    result = cli(*made, "--format", "int8", "--int8")
    assert result.code == 0, result.err
    assert "no engine of the runtime opens a file of this bundle" in result.err
    assert result.err.count("checked: int8") == 1
    assert "--weights-licence was not given: manifest and card say 'not stated'" in result.err


def test_another_network_than_the_reference_is_refused(refused, tmp_path):
    out = tmp_path / "out"
    wrong = ("--reference", FILES / "strong-baseline.npz")
    err = refused(3, *_import("fast-reid", out, *wrong))
    assert "the network agrees with the reference to a cosine of" in err
    err = refused(3, *_import("layumi", out, *wrong))
    assert "the reference has features (3, 32), the network gives (3, 16)" in err
    assert not out.exists()


def test_a_last_stride_that_the_weights_do_not_tell_counts(refused, tmp_path):
    arguments = ("--reference", FILES / "fast-reid.npz", "--last-stride", 2)
    assert "cosine of" in refused(3, *_import("fast-reid", tmp_path / "out", *arguments))


def test_the_frameworks_own_configuration_counts_where_weights_are_silent(cli, refused, tmp_path):
    config, out = tmp_path / "opts.yaml", tmp_path / "out"
    config.write_text("stride: 1\nlinear_num: 16\nnew_one: 3\n")
    arguments = ("--config", config, "--format", "float", "--json")
    found = cli(*_import("layumi", out, *arguments)).json["found"]
    assert found["network"]["options"]["last_stride"] == 1
    said = {"name": "opts.yaml", "says": ["last stride 1"], "not_known": ["new_one"]}
    assert found["configuration"] == said
    assert Bundle.open(out).manifest["training"]["imported_from"]["configuration"] == said
    config.write_text("linear_num: 512")
    err = refused(3, *_import("layumi", tmp_path / "other", "--config", config))
    assert "opts.yaml: linear_num is '512', but the checkpoint has features of 16" in err
    err = refused(2, "import", "net.onnx", "-o", out, "--config", config)
    assert "--config has no meaning for an .onnx file" in err


def test_refusals_name_the_file_and_come_before_anything_is_built(refused, tmp_path):
    out = tmp_path / "out"
    checkpoints = FILES.parent / "checkpoints"
    err = refused(6, "import", checkpoints / "state.pth", "-o", out)
    assert "state.pth: of no architecture that is known here" in err
    assert "torchreid-resnet?" in refused(
        6, "import", FILES / "layumi.pth", "-o", out, "--arch", "torchreid-resne"
    )
    cut = tmp_path / "cut.pth"
    cut.write_bytes((FILES / "layumi.pth").read_bytes()[:-100])
    assert "cut off" in refused(3, "import", cut, "-o", out)
    reference = tmp_path / "reference.npz"
    np.savez(reference, features=np.zeros((3, 16)), images=np.zeros((3, 8, 8, 3), np.uint8))
    assert "finite features" in refused(2, *_import("layumi", out, "--reference", reference))
    assert "is no height and width" in refused(
        2, "import", FILES / "layumi.pth", "-o", out, "--size", "64"
    )
    assert not out.exists()


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_ends_in_one_line(refused, tmp_path, kind):
    path, out = tmp_path / "net.pth", tmp_path / "out"
    path.write_bytes(hostile()[kind]())
    err = refused(3, "import", path, "-o", out)
    assert err.startswith(f"bireid-deploy: {path}: ")
    assert err.count("\n") == 1
    assert not out.exists()


def test_another_architecture_than_the_named_one_is_refused(refused, tmp_path):
    arguments = ("-o", tmp_path / "out", "--arch", "torchreid-resnet")
    err = refused(6, "import", FILES / "torchvision-resnet.pth", *arguments)
    assert "it is no torchreid-resnet: 'classifier.weight' is not in it" in err


def test_json_has_it_all(cli, people, tmp_path):
    out = tmp_path / "out"
    arguments = ("--json", "--format", "float", "--data", people)
    result = cli(*_import("torchreid-resnet", out, *arguments))
    found = json.loads(result.out)
    assert found["found"]["family"] == "torchreid-resnet"
    assert set(found["bytes"]) == {"float"}
    assert found["parity"]["verified"]
    engines = ", ".join(each["engine"] for each in found["metrics"])
    assert engines.startswith("native, litert")
    checked = Bundle.open(out).manifest["training"]["checked"]
    assert checked == ["architecture and weights", f"data: {engines} on people"]

"""`api.adapt` of a run: what it leaves, by level."""

import json
import shutil

import numpy as np
import pytest
from bireid_runtime import Bundle, Extractor
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.images import load_image
from bireid_runtime.resize import resize_bilinear
from PIL import Image

from bireid_deploy import api
from bireid_deploy.adaptation.embedding import KerasEmbedder
from bireid_deploy.adaptation.normalisation import read
from bireid_deploy.errors import DatasetError, TrainingError
from bireid_deploy.trained_run import open_run

LEAST = 48
SETTINGS = ("batch.identities=3", "optimizer.epochs=1", "clustering.k1=8", "clustering.k2=3")


@pytest.fixture(scope="module")
def folder(crops, tmp_path_factory):
    """The crops as files, a folder per camera."""
    root = tmp_path_factory.mktemp("crops")
    for position, name in enumerate(crops.cameras):
        (root / name).mkdir()
        for number, pixels in enumerate(crops.of(position)):
            Image.fromarray(pixels).save(root / name / f"{number:03}.png")
    return root


def _pictures(folder, camera, count=4):
    return [load_image(path) for path in sorted((folder / camera).iterdir())[:count]]


@pytest.mark.slow
def test_a_run_becomes_a_bundle_with_numbers_of_every_camera(binary_run, folder, tmp_path):
    said = []
    found = api.adapt(
        binary_run, folder, tmp_path / "out", least=LEAST, formats=["onnx"], say=said.append
    )
    assert found.run is None
    assert found.crops == {"door": 48, "yard": 48}
    assert any(line.startswith("batch normalisation of door: ") for line in said)
    adapted = Bundle.open(tmp_path / "out")
    block = adapted.manifest["adaptation"]
    assert block["embedding"] == "mean"
    assert block["patches"]["model.onnx"]
    assert block["note"]["levels"] == ["norm", "camera"]
    assert block["note"]["adapted_from"]["run"] == "binary"
    # The same pictures are others to another camera.
    pictures = _pictures(folder, "door")
    door, yard = (Extractor.open(adapted, camera=name).embed(pictures) for name in ("door", "yard"))
    assert np.abs(door - yard).max() > 1e-2


def test_for_all_cameras_together_a_run_becomes_a_run(run, folder, tmp_path):
    out = tmp_path / "out"
    found = api.adapt(run, folder, out, levels=["norm"], per="all", least=LEAST)
    assert found.bundle is None
    assert found.run == out
    before, after = (open_run(path) for path in (run, out))
    (note,) = after.record["adaptation"]
    assert note["batch_normalisation_per"] == "all"
    assert note["crops"] == {"door": 48, "yard": 48}
    one, two = read(before.network.model), read(after.network.model)
    assert any(np.abs(one[name] - two[name]).max() > 0.01 for name in one)
    with pytest.raises(TrainingError, match="holds a run already"):
        api.adapt(run, folder, out, levels=["norm"], per="all", least=LEAST)


@pytest.mark.slow
def test_levels_are_applied_in_their_order(binary_run, folder, tmp_path):
    out = tmp_path / "out"
    arguments = {"levels": ["camera", "cluster"], "least": LEAST, "overrides": SETTINGS}
    found = api.adapt(binary_run, folder, out, formats=["onnx"], **arguments)
    assert found.run == tmp_path / "out-run"
    learned = open_run(found.run)
    assert learned.record["finished"]
    assert found.bundle.manifest["training"]["data"]["adapted_from"]["run"] == "binary"
    assert found.bundle.manifest["adaptation"]["note"]["levels"] == ["cluster", "camera"]
    embed = KerasEmbedder(learned.network.model, learned.inputs[0].preprocess)
    pictures = _pictures(folder, "door", LEAST)
    vectors = embed(np.stack([resize_bilinear(each, 64, 32) for each in pictures]))
    moved = vectors - vectors.mean(axis=0)
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    embedded = Extractor.open(out, camera="door").embed(pictures)
    # A 1-bit network may tip a sign in another engine.
    assert np.median(np.abs(embedded - moved).max(axis=1)) < 1e-3
    # What is trained already is not trained again.
    with pytest.raises(TrainingError, match="holds a run already; add --resume"):
        api.adapt(binary_run, folder, out, formats=["onnx"], **arguments)
    again = api.adapt(binary_run, folder, out, formats=["onnx"], resume=True, **arguments)
    assert again.bundle.fingerprint == found.bundle.fingerprint


def test_a_real_valued_network_knows_cameras_too(run, folder, tmp_path):
    found = api.adapt(run, folder, tmp_path / "out", levels=["norm"], least=LEAST)
    assert found.bundle.formats.keys() == {"float", "float-onnx"}
    pictures = _pictures(folder, "door", LEAST)
    door, yard, again = (
        Extractor.open(tmp_path / "out", backend=backend, camera=camera).embed(pictures)
        for backend, camera in (("native", "door"), ("native", "yard"), ("onnx", "door"))
    )
    np.testing.assert_allclose(door, again, atol=1e-5)
    assert np.abs(door - yard).max() > 0.01


def test_a_network_between_two_stages_has_no_engine(run, folder, tmp_path):
    between = tmp_path / "between"
    shutil.copytree(run, between)
    record = json.loads((between / "run.json").read_text())
    record["recipe"]["network"]["precision"] = "binary_activations"
    (between / "run.json").write_text(json.dumps(record))
    with pytest.raises(UnsupportedModelError, match=r"precision binary_activations .* --per all"):
        api.adapt(between, folder, tmp_path / "out", least=LEAST)


def test_too_few_crops_are_refused_before_anything_is_opened(tmp_path, folder, run):
    with pytest.raises(DatasetError, match=r"camera 'door' has 48 crops, below the 200"):
        api.adapt(run, folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()

"""The task `classification` from the command line, on pictures drawn into two small archives."""

import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from skips import UNAVOIDABLE

RECIPE = """
name = "tiny-classifier"
task = "classification"
[network]
width = 0.125
input_height = 32
input_width = 32
stem = "cifar"
[batch]
sampling = "shuffled"
size = 8
[augmentation]
pad = 2
erasing = 0.0
[loss]
triplet_weight = 0.0
[optimizer]
epochs = 1
"""

CLASSES = ("circle", "empty", "square")


def _picture(name, number):
    image = Image.new("RGB", (32, 32), (20 * number, 60, 120))
    draw = ImageDraw.Draw(image)
    if name != "empty":
        shape = draw.ellipse if name == "circle" else draw.rectangle
        shape((6, 6, 24, 24), fill=(250, 220, 10 * number))
    stream = io.BytesIO()
    image.save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    root = tmp_path_factory.mktemp("shapes")
    for split, count in (("train", 8), ("test", 4)):
        with tarfile.open(root / f"{split}.tar", "w") as archive:
            for name in CLASSES:
                for number in range(count):
                    content = _picture(name, number)
                    member = tarfile.TarInfo(f"{split}/{name}/{number:04}.jpg")
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))
    return root


@pytest.fixture(scope="module")
def classifier(shapes, tmp_path_factory):
    """A run that was trained to classify."""
    from bireid_deploy.cli.main import run

    folder = tmp_path_factory.mktemp("classifier")
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE)
    arguments = ["train", recipe, "--data", shapes, "--out", folder / "run", "--json"]
    assert run([str(argument) for argument in arguments]) == 0
    return folder / "run"


@pytest.mark.slow
def test_a_classifier_is_trained_and_measured(cli, classifier, shapes):
    result = cli("evaluate", classifier, "--data", shapes, "--json")
    assert result.code == 0, result.err
    scores = result.json
    assert scores["model"] == "run"
    assert scores["data"] == shapes.name
    assert scores["engine"] == "keras"
    assert scores["images"] == 12
    assert 0 <= scores["top_1"] <= scores["top_5"] == 1.0
    assert list(scores["per_class"]) == list(CLASSES)
    mean = sum(each["top_1"] for each in scores["per_class"].values()) / 3
    assert scores["top_1"] == pytest.approx(mean)

    table = cli("evaluate", classifier, "--data", shapes)
    lines = [line.split() for line in table.out.splitlines() if line.strip() and "─" not in line]
    assert lines[0] == ["run", "on", shapes.name]
    assert lines[1] == ["class", "top-1", "top-5", "images"]
    assert [line[0] for line in lines[2:5]] == list(CLASSES)
    assert lines[5] == ["all", "classes", f"{100 * scores['top_1']:.1f}", "100.0", "12"]


@pytest.mark.slow
def test_a_classifier_is_not_converted(refused, classifier, tmp_path):
    err = refused(6, "convert", classifier, "-o", tmp_path / "bundle")
    assert f"{classifier}: was trained to classify" in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "bundle").exists()


@pytest.mark.slow
def test_what_is_no_matter_of_classification(refused, classifier, shapes, people):
    data = ["--data", shapes]
    for option in (["--rerank"], ["--backend", "onnx"], ["--save", "scores.npz"]):
        err = refused(2, "evaluate", classifier, *data, *option)
        assert f"{option[0]}: the run classifies; there is no ranking" in err
    assert "Missing option '--data'" in refused(2, "evaluate", classifier)
    assert "holds neither train/" in refused(2, "evaluate", classifier, "--data", people)


@pytest.mark.slow
def test_a_run_that_lost_its_classifier(refused, classifier, shapes, tmp_path):
    import numpy as np

    run = shutil.copytree(classifier, tmp_path / "run")
    with np.load(run / "checkpoint.npz", allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files if "classifier" not in name}
    np.savez(run / "checkpoint.npz", **arrays)
    err = refused(2, "evaluate", run, "--data", shapes)
    assert "no variable 'classifier/kernel:0'" in err


@pytest.mark.slow
@pytest.mark.skipif("BIREID_DATA" not in os.environ, reason=f"{UNAVOIDABLE}BIREID_DATA is not set")
def test_cifar10_is_learned_better_than_by_chance(cli, tmp_path):
    from bireid_deploy.cli.train import train_recipe
    from bireid_deploy.data.class_folders import open_classification_dataset
    from bireid_deploy.recipes import load_recipe

    data = Path(os.environ["BIREID_DATA"]) / "cifar10_subset"
    recipe = tmp_path / "cifar.toml"
    recipe.write_text(RECIPE)
    overrides = ["batch.size=32", "optimizer.kernel_rate=0.01", "optimizer.other_rate=0.003"]
    train_recipe(
        load_recipe(recipe, overrides),
        open_classification_dataset(data, per_class=200),
        tmp_path / "run",
    )
    scores = cli("evaluate", tmp_path / "run", "--data", data, "--json").json
    assert scores["images"] == 3000
    assert scores["top_1"] > 0.15
    assert scores["top_5"] > 0.6

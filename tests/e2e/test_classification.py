"""The task `classification` from the command line, on pictures drawn into two small archives."""

import io
import json
import os
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import Classifier, self_test
from PIL import Image, ImageDraw
from skips import UNAVOIDABLE

from bireid_deploy import api
from bireid_deploy.trained_run import KerasPredictor, open_run
from bireid_deploy.training.checkpoint import read_classifier

# Every exact back end that runs a file of a bundle.
ENGINES = ("native", "litert", "onnx", "lce")

RECIPE = """
name = "tiny-classifier"
task = "classification"
[network]
backbone = "resnet10"
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
def classifier(make, shapes, tmp_path_factory):
    """A run that was trained to classify."""
    folder = tmp_path_factory.mktemp("classifier")
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE)
    return make(folder / "run", "train", recipe, "--data", shapes, "--out", folder / "run").path


@pytest.fixture(scope="module")
def bundle(make, classifier, shapes):
    """Its bundle, with the accuracy of every engine."""
    path = classifier.with_name("bundle")
    return make(path, "convert", classifier, "-o", path, "--data", shapes)


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
    assert lines[0] == ["run", "on", f"{shapes.name},", "by", "keras"]
    assert lines[1] == ["class", "top-1", "top-5", "images"]
    assert [line[0] for line in lines[2:5]] == list(CLASSES)
    assert lines[5] == ["all", "classes", f"{100 * scores['top_1']:.1f}", "100.0", "12"]


@pytest.mark.slow
def test_its_bundle_is_checked_and_says_what_it_holds(cli, classifier, bundle, shapes):
    manifest = json.loads((bundle.path / "manifest.json").read_text())
    assert "parity gate passed" in bundle.result.err
    assert manifest["task"] == "classification"
    (output,) = manifest["outputs"]
    assert (output["name"], output["kind"]) == ("logits", "logits")
    assert output["classes"] == list(CLASSES)
    assert manifest["parity"]["verified"]
    assert [each["engine"] for each in manifest["metrics"]] == ["keras", *ENGINES]
    assert all(set(each["per_class"]) == set(CLASSES) for each in manifest["metrics"])

    card = (bundle.path / "card.md").read_text()
    assert "pipeline_tag: image-classification" in card
    assert "Images that show one of the classes each." in card
    assert "person" not in card.lower()
    assert "embedding" not in card.lower()

    layers = cli("inspect", bundle.path, "--json").json["files"]["model.lce.tflite"]["layers"]
    assert layers[-1]["precision"] == "float32"
    assert layers[-1]["kernel_shape"][-1] == len(CLASSES)
    assert sum(layer["precision"] == "1-bit" for layer in layers) == 8


@pytest.mark.slow
def test_verify_holds_every_engine_to_the_run(cli, classifier, bundle, shapes):
    result = cli("verify", bundle.path, "--run", classifier, "--data", shapes, "--json")
    assert result.code == 0, result.err
    checks = {check["name"]: check for check in result.json["checks"]}
    assert all(check["passed"] for check in checks.values())
    assert {f"golden inputs, {engine}" for engine in ENGINES} <= checks.keys()
    assert {"hashes", "native vs lce", "litert vs lce", "lce vs keras", "onnx vs keras"} <= (
        checks.keys()
    )
    assert "keras top-1 " in checks[f"scores on {shapes.name}"]["detail"]


@pytest.mark.slow
def test_every_engine_scores_as_the_run_does(cli, classifier, bundle, shapes):
    data = ["--data", shapes, "--json"]
    keras = cli("evaluate", classifier, *data).json
    for engine in ENGINES:
        found = cli("evaluate", bundle.path, *data, "--backend", engine).json
        assert found["engine"] == engine
        assert found["top_1"] == keras["top_1"]
        assert found["per_class"] == keras["per_class"]


@pytest.mark.slow
def test_models_are_compared_and_reported_by_the_scores_of_the_task(
    cli, classifier, bundle, shapes, tmp_path
):
    models = (classifier, bundle.path)
    found = cli("compare", *models, "--data", shapes, "--no-times", "--json")
    assert found.code == 0, found.err
    assert found.json["intervals_over"]["name"] == "images"
    run, converted = found.json["models"]
    assert set(converted["differences"]) == {"top_1", "top_5"}
    assert converted["differences"]["top_1"]["value"] == pytest.approx(
        converted["scores"]["top_1"] - run["scores"]["top_1"]
    )
    assert converted["agreement"]["same_first"] >= 0.85
    table = cli("compare", *models, "--data", shapes, "--no-times").out
    assert "model top-1 top-5 top-1 - 1st alike MB ms" in " ".join(table.split())

    page = tmp_path / "report.html"
    assert cli("report", bundle.path, "--data", shapes, "-o", page).code == 0
    assert "<td>all classes</td>" in page.read_text()


@pytest.mark.slow
def test_a_device_tests_itself_and_names_classes(classifier, bundle):
    trained = open_run(classifier)
    images = [np.asarray(Image.open(io.BytesIO(_picture(name, 3)))) for name in CLASSES]
    logits = KerasPredictor(trained.deployment()).run_images(images)["logits"]
    kernel = read_classifier(trained.directory.checkpoint)
    features = trained.network.features(
        np.stack([trained.inputs[0].prepare(image) for image in images]), training=False
    )
    np.testing.assert_allclose(logits, features["neck"].numpy() @ kernel, rtol=1e-4, atol=1e-6)

    for engine in ENGINES:
        face = Classifier.open(bundle.path, backend=engine)
        assert self_test(face.session).passed
        assert face.classes == CLASSES
        np.testing.assert_allclose(face.classify(images), logits, atol=1e-3)
        for row, best in zip(logits, face.predict(images, top=2), strict=True):
            order = np.argsort(-row)[:2]
            shares = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
            assert [each.name for each in best] == [CLASSES[index] for index in order]
            assert [each.probability for each in best] == pytest.approx(shares[order], abs=1e-3)


@pytest.mark.slow
def test_what_is_no_matter_of_classification(refused, classifier, bundle, shapes, people, tmp_path):
    saved = tmp_path / "scores.npz"
    for model in (classifier, bundle.path):
        for option in (["--rerank"], ["--save", saved], ["--average-precision", "trapezoid"]):
            err = refused(2, "evaluate", model, "--data", shapes, *option)
            name = option[0].strip("-").replace("-", "_")
            assert f"{name}: the model is of image classification, which has no such" in err
    assert "only a bundle has back ends" in refused(
        2, "evaluate", classifier, "--data", shapes, "--backend", "onnx"
    )
    assert "is evaluated on a data set" in refused(2, "evaluate", classifier)
    assert "holds neither test" in refused(2, "evaluate", classifier, "--data", people)
    err = refused(6, "embed", bundle.path, people / "query", "-o", saved)
    assert "holds a network of the task 'classification' (outputs: logits)" in err
    assert "open it with Classifier" in err
    assert not saved.exists()


@pytest.mark.slow
def test_a_run_that_lost_its_classifier(refused, classifier, shapes, tmp_path):
    run = shutil.copytree(classifier, tmp_path / "run")
    with np.load(run / "checkpoint.npz", allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files if "classifier" not in name}
    np.savez(run / "checkpoint.npz", **arrays)
    err = refused(2, "evaluate", run, "--data", shapes)
    assert "no variable 'classifier/kernel:0'" in err


@pytest.mark.slow
@pytest.mark.skipif("BIREID_DATA" not in os.environ, reason=f"{UNAVOIDABLE}BIREID_DATA is not set")
def test_cifar10_is_learned_better_than_by_chance(cli, tmp_path):
    data = Path(os.environ["BIREID_DATA"]) / "cifar10_subset"
    recipe = tmp_path / "cifar.toml"
    recipe.write_text(RECIPE)
    overrides = ["batch.size=32", "optimizer.kernel_rate=0.01", "optimizer.other_rate=0.003"]
    overrides.append("classification.images_per_class=200")
    api.train(recipe, data, tmp_path / "run", overrides=overrides)
    scores = cli("evaluate", tmp_path / "run", "--data", data, "--json").json
    assert scores["images"] == 3000
    assert scores["top_1"] > 0.15
    assert scores["top_5"] > 0.6

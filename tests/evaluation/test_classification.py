"""Top-1 and top-5 on drawn pictures, with a predictor that knows colours."""

import numpy as np
import pytest
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.outputs import OutputSpec
from PIL import Image

from bireid_deploy.data.class_folders import open_classification_dataset, read_image
from bireid_deploy.errors import DatasetError
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.classification.evaluation import evaluate_logits, ranks_of_truth

COLOURS = {
    "blue": (0, 0, 255),
    "cyan": (0, 255, 255),
    "green": (0, 255, 0),
    "grey": (90, 90, 90),
    "pink": (255, 160, 200),
    "red": (255, 0, 0),
    "white": (255, 255, 255),
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Seven classes of one colour each, three test images per class, of different sizes."""
    root = tmp_path_factory.mktemp("colours")
    for name, colour in COLOURS.items():
        for split, sides in (("train", (32,)), ("test", (20, 32, 50))):
            folder = root / split / name
            folder.mkdir(parents=True)
            for side in sides:
                Image.new("RGB", (side, side), colour).save(folder / f"{side}.png")
    return open_classification_dataset(root)


class NearestColour:
    """Logits by the distance of the mean colour: it swaps pink and red, and shuns grey."""

    fingerprint = ""

    def __init__(self, classes):
        named = {**COLOURS, "pink": COLOURS["red"], "red": COLOURS["pink"]}
        self._prototypes = np.array([named[name] for name in classes], np.float32)
        self._grey = classes.index("grey")

    def run_images(self, images):
        colours = np.stack([image.mean((0, 1)) for image in images]).astype(np.float32)
        logits = -((colours[:, None] - self._prototypes) ** 2).sum(axis=2)
        logits[:, self._grey] = -1e9
        return {"logits": logits}


@pytest.fixture
def predictor(dataset):
    return NearestColour(dataset.classes)


@pytest.fixture
def output(dataset):
    return OutputSpec.logits("logits", dataset.classes)


def test_ranks_count_larger_logits_and_earlier_equals():
    logits = np.array([[0.1, 0.9, 0.5], [2.0, 2.0, 1.0], [2.0, 2.0, 1.0], [0.0, 0.0, 0.0]])
    assert ranks_of_truth(logits, np.array([2, 0, 1, 2])).tolist() == [1, 0, 1, 2]


def test_accuracy_over_all_and_per_class(predictor, output, dataset):
    seen = []
    report = evaluate_logits(
        predictor, output, dataset, lambda *progress: seen.append(progress), chunk=4
    )
    logits = predictor.run_images([read_image(each) for each in dataset.test])["logits"]
    labels = np.array([image.label for image in dataset.test])
    better = (logits > logits[np.arange(21), labels][:, None]).sum(axis=1)
    scores = report.scores
    assert scores["top_1"] == pytest.approx(np.mean(better == 0)) == pytest.approx(4 / 7)
    assert scores["top_5"] == pytest.approx(np.mean(better < 5)) == pytest.approx(6 / 7)
    assert scores["per_class"]["grey"]["top_5"] == 0
    assert scores["images"] == 21
    assert list(scores["per_class"]) == sorted(COLOURS)
    for label, each in enumerate(scores["per_class"].values()):
        assert each["top_1"] == pytest.approx(np.mean(better[labels == label] == 0))
        assert each["images"] == 3
    assert seen[-1] == (21, 21)
    np.testing.assert_array_equal(report.outputs["logits"], logits)
    assert report.columns == ("class", "top-1", "top-5", "images")
    assert report.rows[-1] == ("all classes", "57.1", "85.7", "21")
    assert report.counts == "21 test images of 7 classes"


@pytest.mark.parametrize("found", [(), ("logits", "more")])
def test_one_output_of_logits_is_needed(predictor, dataset, found):
    outputs = [OutputSpec.logits(name, dataset.classes) for name in found]
    with pytest.raises(UnsupportedModelError, match=f"one output of logits; .* has {len(found)}"):
        TASKS["classification"].evaluate(predictor, dataset, outputs, {})


def test_few_images_are_not_compared_between_engines():
    task = TASKS["classification"]
    assert task.comparable({"top_1": 0.5, "images": 99}) == {}
    assert task.comparable({"top_1": 0.5, "images": 100}) == {"top_1": 0.5}


def test_other_classes_are_refused(predictor, output, tmp_path):
    for split in ("train", "test"):
        for name in ("blue", "cyan", "green", "magenta"):
            (tmp_path / split / name).mkdir(parents=True)
            Image.new("RGB", (8, 8)).save(tmp_path / split / name / "0.png")
    other = open_classification_dataset(tmp_path)
    with pytest.raises(DatasetError, match=r"has the classes blue, cyan, green and 1 more, but"):
        evaluate_logits(predictor, output, other)


def test_a_broken_test_image_stops_it(predictor, output, tmp_path):
    for split in ("train", "test"):
        for name in COLOURS:
            (tmp_path / split / name).mkdir(parents=True)
            Image.new("RGB", (8, 8)).save(tmp_path / split / name / "0.png")
    (tmp_path / "test" / "pink" / "0.png").write_bytes(b"torn")
    with pytest.raises(DatasetError, match=r"evaluation needs every image: .*pink/0\.png"):
        evaluate_logits(predictor, output, open_classification_dataset(tmp_path))

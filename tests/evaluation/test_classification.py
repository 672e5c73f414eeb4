"""Top-1 and top-5 on drawn pictures, with a network whose classifier is set by hand."""

import numpy as np
import pytest
from bireid_models.config import NetworkConfig
from bireid_runtime.preprocess import Preprocess
from PIL import Image

from bireid_deploy.data.class_folders import open_classification_dataset, read_image
from bireid_deploy.errors import DatasetError
from bireid_deploy.tasks.classification.evaluation import (
    TrainedClassifier,
    classify_dataset,
    ranks_of_truth,
)

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


@pytest.fixture(scope="module")
def classifier(dataset):
    """The nearest of the seven training images, by the inner product of unit features.

    It takes pink for red and red for pink, and grey for anything else.
    """
    from bireid_models.framework import keras
    from bireid_models.network import build_network

    keras.utils.set_random_seed(0)
    network = build_network(
        NetworkConfig(precision="real", width=0.125, input_height=32, input_width=32)
    )
    kernel = np.zeros((network.model.output_shape[-1], len(COLOURS)), np.float32)
    untaught = TrainedClassifier(network, kernel, dataset.classes, Preprocess(32, 32))
    prototypes = _features(untaught, [read_image(image) for image in dataset.train])
    kernel[:] = (prototypes / np.linalg.norm(prototypes, axis=1, keepdims=True)).T
    grey, pink, red = (dataset.classes.index(name) for name in ("grey", "pink", "red"))
    kernel[:, grey] *= -1
    kernel[:, [pink, red]] = kernel[:, [red, pink]]
    return untaught


def _features(classifier, images):
    batch = np.stack([image / 255.0 for image in images]).astype(np.float32)
    spec = classifier.preprocess
    batch = (batch - np.float32(spec.mean)) / np.float32(spec.std)
    return classifier.network.features(batch, training=False)["neck"].numpy()


def test_ranks_count_larger_logits_and_earlier_equals():
    logits = np.array([[0.1, 0.9, 0.5], [2.0, 2.0, 1.0], [2.0, 2.0, 1.0], [0.0, 0.0, 0.0]])
    assert ranks_of_truth(logits, np.array([2, 0, 1, 2])).tolist() == [1, 0, 1, 2]


def test_logits_are_features_times_kernel(classifier, dataset):
    images = [read_image(image) for image in dataset.train[:3]]
    np.testing.assert_allclose(
        classifier.logits(images), _features(classifier, images) @ classifier.kernel, rtol=1e-4
    )


def test_accuracy_over_all_and_per_class(classifier, dataset):
    seen = []
    result = classify_dataset(classifier, dataset, lambda *progress: seen.append(progress), chunk=4)
    logits = np.concatenate([classifier.logits([read_image(each)]) for each in dataset.test])
    labels = np.array([image.label for image in dataset.test])
    better = (logits > logits[np.arange(21), labels][:, None]).sum(axis=1)
    assert result.overall.top_1 == pytest.approx(np.mean(better == 0))
    assert result.overall.top_5 == pytest.approx(np.mean(better < 5))
    assert result.overall.top_1 == pytest.approx(4 / 7)
    assert result.overall.top_5 > result.overall.top_1
    assert result.per_class["grey"].top_5 == 0
    assert result.overall.images == 21
    assert list(result.per_class) == sorted(COLOURS)
    for label, each in enumerate(result.per_class.values()):
        assert each.top_1 == pytest.approx(np.mean(better[labels == label] == 0))
        assert each.images == 3
    assert seen[-1] == (21, 21)
    values = result.to_json()
    assert values["top_1"] == result.overall.top_1
    assert values["per_class"]["red"]["images"] == 3


def test_other_classes_are_refused(classifier, dataset, tmp_path):
    for split in ("train", "test"):
        for name in ("blue", "cyan", "green", "magenta"):
            (tmp_path / split / name).mkdir(parents=True)
            Image.new("RGB", (8, 8)).save(tmp_path / split / name / "0.png")
    other = open_classification_dataset(tmp_path)
    with pytest.raises(DatasetError, match=r"has the classes blue, cyan, green and 1 more, but"):
        classify_dataset(classifier, other)


def test_a_broken_test_image_stops_it(classifier, tmp_path):
    for split in ("train", "test"):
        for name in COLOURS:
            (tmp_path / split / name).mkdir(parents=True)
            Image.new("RGB", (8, 8)).save(tmp_path / split / name / "0.png")
    (tmp_path / "test" / "pink" / "0.png").write_bytes(b"torn")
    with pytest.raises(DatasetError, match=r"evaluation needs every image: .*pink/0\.png"):
        classify_dataset(classifier, open_classification_dataset(tmp_path))

"""Clouds in training and evaluation, against their definitions."""

import numpy as np
import pytest
from bireid_runtime.clouds import CloudPreprocess, prepare_cloud
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.outputs import OutputSpec

from bireid_deploy.data.clouds.dataset import CloudDataset, CloudFile, clouds_of
from bireid_deploy.data.clouds.hdf5 import write_clouds
from bireid_deploy.data.sampling import ShuffledSampler
from bireid_deploy.errors import DatasetError, RecipeError, TrainingError
from bireid_deploy.recipes import find_recipe, load_recipe, parse_recipe
from bireid_deploy.recipes.files import RECIPES
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.points.data import CloudBatches, load_cloud_data, turned
from bireid_deploy.tasks.points.evaluation import accuracies
from bireid_deploy.tasks.points.section import PointsSection

pytest.importorskip("h5py", reason="h5py is not installed: the extra points")

TASK = TASKS["points"]
CLASSES = ("first", "second", "third")
SPEC = CloudPreprocess(16)


def _file(path, labels, seed=0):
    clouds = np.random.default_rng(seed).normal(size=(len(labels), 20, 3)).astype(np.float32)
    write_clouds(path, clouds, np.array(labels, np.uint8))
    return CloudFile(path, np.array(labels, np.int64))


@pytest.fixture
def dataset(tmp_path):
    train = (_file(tmp_path / "a.h5", [0, 1]), _file(tmp_path / "b.h5", [2, 2, 1], 1))
    return CloudDataset("clouds", tmp_path, CLASSES, train, (_file(tmp_path / "c.h5", [0, 2, 2]),))


def _spoil(file, number, value):
    clouds = clouds_of(file)
    clouds[number] = value
    write_clouds(file.path, clouds, file.labels.astype(np.uint8))


def test_training_clouds_are_prepared(dataset):
    seen = []
    data = load_cloud_data(dataset, SPEC, lambda *progress: seen.append(progress))
    assert data.labels.tolist() == [0, 1, 2, 2, 1]
    expected = [prepare_cloud(each, SPEC) for file in dataset.train for each in clouds_of(file)]
    np.testing.assert_array_equal(data.clouds, expected)
    assert data.description["classes"] == list(CLASSES)
    assert seen[-1] == (5, 5)
    assert data.skipped == ()


def test_impossible_training_clouds_are_left_out_and_said(dataset):
    _spoil(dataset.train[1], 0, np.nan)
    _spoil(dataset.train[1], 2, 7.0)
    data = load_cloud_data(dataset, SPEC)
    assert data.labels.tolist() == [0, 1, 2]
    assert [reason for _, reason in data.skipped] == [
        "cloud 0: not all coordinates are finite",
        "cloud 2: all points that are sampled lie at one place",
    ]
    assert data.description["skipped"] == 2
    _spoil(dataset.train[0], 0, np.inf)
    with pytest.raises(DatasetError, match="no training cloud of 'first' can be used"):
        load_cloud_data(dataset, SPEC)


@pytest.mark.parametrize("axis", "xyz")
def test_turning_keeps_the_axis_and_all_distances(axis):
    clouds = np.random.default_rng(0).normal(size=(3, 10, 1, 3)).astype(np.float32)
    found = turned(clouds, axis, [0.0, np.pi / 2, 1.0])
    up = "xyz".index(axis)
    np.testing.assert_allclose(found[0], clouds[0], atol=1e-6)
    np.testing.assert_allclose(found[..., up], clouds[..., up], atol=1e-6)
    first, second = (each for each in range(3) if each != up)
    np.testing.assert_allclose(found[1, ..., first], -clouds[1, ..., second], atol=1e-6)
    np.testing.assert_allclose(found[1, ..., second], clouds[1, ..., first], atol=1e-6)
    lengths = [np.linalg.norm(each, axis=-1) for each in (found, clouds)]
    np.testing.assert_allclose(*lengths, rtol=1e-5)


def test_batches_repeat_and_jitter_is_cut(dataset):
    data = load_cloud_data(dataset, SPEC)
    sampler = ShuffledSampler(5, 4, seed=0)

    def batches(**options):
        made = CloudBatches(data, sampler, PointsSection(**options), seed=0)
        return [(each.images, each.targets) for each in made.epoch(3)]

    for (images, targets), (again, same) in zip(batches(), batches(), strict=True):
        np.testing.assert_array_equal(images, again)
        np.testing.assert_array_equal(targets, same)
        assert (images.dtype, targets.dtype) == (np.float32, np.int32)
        assert images.shape[1:] == SPEC.shape
    ((plain, _),) = batches(rotate=False, jitter=0.0)
    assert any(np.array_equal(plain[0], each) for each in data.clouds)
    ((noisy, _),) = batches(rotate=False, jitter=1.0, jitter_limit=0.05)
    assert np.abs(noisy - plain).max() == pytest.approx(0.05, abs=1e-6)


def test_accuracies():
    logits = np.array([[1, 0, 0], [1, 1, 0], [0, 2, 1], [0, 0, 1], [3, 0, 1]], np.float32)
    overall, by_class = accuracies(logits, np.array([0, 0, 2, 2, 2]))
    assert overall == pytest.approx(3 / 5)
    assert by_class == {0: 1.0, 2: pytest.approx(1 / 3)}


class Lengths:
    """Logits by the number of points of a cloud at the right of the origin."""

    fingerprint = ""

    def run_images(self, images):
        raise AssertionError("clouds are no images")

    def run_items(self, items):
        prepared = np.stack([prepare_cloud(each, SPEC) for each in items])
        right = (prepared[..., 0] > 0).mean(axis=(1, 2))
        return {"logits": np.stack([right, 0.5 * np.ones_like(right), 1 - right], axis=1)}


def test_a_report_counts_the_whole_test_set(dataset):
    output = OutputSpec.logits("logits", CLASSES)
    report = TASK.evaluate(Lengths(), dataset, [output], {})
    logits = Lengths().run_items(list(clouds_of(dataset.test[0])))["logits"]
    right = logits.argmax(axis=1) == [0, 2, 2]
    assert report.scores["overall"] == pytest.approx(right.mean())
    assert report.scores["mean_class"] == pytest.approx((right[0] + right[1:].mean()) / 2)
    assert report.scores["clouds"] == 3
    assert list(report.scores["per_class"]) == ["first", "third"]
    assert report.remarks == ("no test cloud of second: left out of the mean",)
    assert report.counts == "3 test clouds of 2 classes"
    np.testing.assert_array_equal(report.outputs["logits"], logits)
    assert TASK.comparable(report.scores) == {}
    assert TASK.comparable({"overall": 0.5, "clouds": 100}) == {"overall": 0.5}


def test_what_cannot_be_measured_is_named(dataset):
    output = OutputSpec.logits("logits", CLASSES)
    other = OutputSpec.logits("logits", ("a", "b", "c"))
    with pytest.raises(
        DatasetError, match="first, second, third, but the network was trained on a, b, c"
    ):
        TASK.evaluate(Lengths(), dataset, [other], {})
    with pytest.raises(UnsupportedModelError, match="one output of logits; this one has 0"):
        TASK.evaluate(Lengths(), dataset, [], {})
    with pytest.raises(DatasetError, match="data sets of clouds have one layout"):
        TASK.open_dataset(dataset.root, "voc")
    _spoil(dataset.test[0], 1, np.nan)
    with pytest.raises(DatasetError, match=r"c.h5: evaluation needs every cloud: .* not all coord"):
        TASK.evaluate(Lengths(), dataset, [output], {})


NAMES = sorted(path.stem for path in RECIPES.glob("pointnet*.toml"))


def test_the_recipes():
    assert [
        *("pointnet", "pointnet_bireid", "pointnet_plain", "pointnet_real", "pointnet_stage1")
    ] == NAMES
    for name in NAMES:
        recipe = load_recipe(find_recipe(name))
        assert (recipe.name, recipe.task) == (name, "points")
        (taken,) = TASK.inputs(recipe)
        assert (taken.kind, taken.shape) == ("points", (1024, 1, 3))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("batch.sampling='identity'", "size is for sampling='shuffled'|no identities"),
        ("loss.triplet_weight=1.0", "clouds have no identities"),
        ("augmentation.flip=0.5", "set augmentation.flip=0.0"),
        ("network.input_width=32", "set network.input_width=1"),
        ("loss.identity_weight=0.0", "nothing teaches the task"),
        ("points.up_axis='up'", "points.up_axis"),
        ("points.jitter=-1.0", "points.jitter"),
    ],
)
def test_impossible_recipes_are_named(override, message):
    with pytest.raises(RecipeError, match=message):
        load_recipe(find_recipe("pointnet_plain"), [override])


def test_a_network_for_images_is_refused(dataset):
    from bireid_models.config import NetworkConfig
    from bireid_models.network import build_network

    network = build_network(NetworkConfig(backbone="resnet10", width=0.125, input_height=32))
    data = load_cloud_data(dataset, SPEC)
    with pytest.raises(TrainingError, match=r"set network\.backbone='pointnet'"):
        TASK.step(load_recipe(find_recipe("pointnet_plain")), network, data)


def test_the_table_is_for_clouds_alone():
    with pytest.raises(RecipeError, match="points is for task='points' alone"):
        parse_recipe({"name": "x", "points": {"rotate": False}}, "r")

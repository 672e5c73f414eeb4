"""Learning from clusters: the losses by their equations, and a whole training, twice."""

import json
import os
import signal

import numpy as np
import pytest
from bireid_models.framework import tf

from bireid_deploy.adaptation.clustering.losses import camera_contrast, cluster_contrast
from bireid_deploy.adaptation.clustering.progress import draw
from bireid_deploy.adaptation.clustering.recipe import clustering_recipe
from bireid_deploy.adaptation.clustering.train import train_on_clusters
from bireid_deploy.errors import RecipeError, TrainingError, TrainingInterruptedError
from bireid_deploy.trained_run import open_run
from bireid_deploy.training.methods import enabled_methods

SETTINGS = (
    "batch.identities=3",
    "batch.images_per_identity=4",
    "optimizer.epochs=3",
    "clustering.k1=8",
    "clustering.k2=3",
    "clustering.batches=camera",
    "clustering.settled=1.0",  # clusters that stay as they are end it before
)


class Recorder:
    """Keeps summaries, and may act at a step."""

    def __init__(self, at_step=None, action=None):
        self.epochs, self._steps = [], 0
        self._at_step, self._action = at_step, action

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def step(self, epoch, batch, batches, terms):
        self._steps += 1
        if self._steps == self._at_step:
            self._action()

    def epoch(self, epoch, summary):
        self.epochs.append(summary)


def _train(run, crops, out, recorder=None, resume=False, settings=SETTINGS):
    opened, reporter = open_run(run), recorder or Recorder()
    return train_on_clusters(opened, crops, out, settings, lambda recipe: reporter, resume)


def _arrays(path):
    with np.load(path / "checkpoint.npz", allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files if name != "state.json"}


def _unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def proxies():
    """Three crops, and five proxies of three clusters beside one that is not in use."""
    generator = np.random.default_rng(0)
    memory = _unit(generator.normal(size=(6, 4)))
    memory[5] = 0
    return {
        "embedding": _unit(generator.normal(size=(3, 4))),
        "memory": memory,
        "cluster_of": np.array([0, 0, 1, 1, 2, -1], np.int32),
        "camera_of": np.array([0, 1, 0, 1, 1, -1], np.int32),
        "clusters": np.array([0, 1, 2], np.int32),
        "cameras": np.array([0, 1, 1], np.int32),
    }


def test_the_cluster_loss_is_cross_entropy_over_the_means_of_proxies(proxies):
    centres = _unit(
        np.stack(
            [proxies["memory"][proxies["cluster_of"] == each].sum(axis=0) for each in range(3)]
        )
    )
    logits = proxies["embedding"] @ centres.T / 0.05
    expected = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(3), proxies["clusters"]]
    found = cluster_contrast(
        proxies["embedding"], proxies["clusters"], proxies["memory"], proxies["cluster_of"], 0.05
    )
    assert float(found) == pytest.approx(expected.mean(), rel=1e-4)


@pytest.mark.parametrize("hardest", [2, 50])
def test_the_camera_loss_holds_other_cameras_against_the_hardest_of_others(proxies, hardest):
    logits = proxies["embedding"] @ proxies["memory"].T / 0.05
    expected = []
    for row, (cluster, camera) in enumerate(
        zip(proxies["clusters"], proxies["cameras"], strict=True)
    ):
        own = proxies["cluster_of"] == cluster
        others = np.sort(logits[row][~own & (proxies["cluster_of"] >= 0)])[::-1][:hardest]
        positives = logits[row][own & (proxies["camera_of"] != camera)]
        terms = [-p + np.log(np.exp(p) + np.exp(others).sum()) for p in positives.astype(float)]
        expected.append(np.mean(terms) if terms else 0.0)
    assert expected[2] == 0.0
    found = camera_contrast(
        tf.constant(proxies["embedding"] @ proxies["memory"].T),
        tf.constant(proxies["clusters"]),
        tf.constant(proxies["cameras"]),
        tf.constant(proxies["cluster_of"]),
        tf.constant(proxies["camera_of"]),
        0.05,
        hardest,
    )
    assert float(found) == pytest.approx(np.mean(expected), rel=1e-4)


def test_a_recipe_keeps_network_and_augmentation_and_leaves_methods_out(recipe):
    made, options = clustering_recipe(recipe, ["clustering.radius=0.3", "optimizer.epochs=7"])
    assert made.network == recipe.network
    assert made.augmentation == recipe.augmentation
    assert made.optimizer.epochs == 7
    assert options.radius == 0.3
    assert enabled_methods(made) == []


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("clustering.radios=0.3", "clustering.radios: Extra inputs are not permitted"),
        ("clustering.radius=1.0", "clustering.radius: Input should be less than 1"),
        ("clustering.k2=99", "k2 is 99; it must be at most k1"),
        ("optimiser.epochs=3", "unknown key optimiser; did you mean optimizer?"),
        ("clustering", "--set clustering: expected section.key=value"),
    ],
)
def test_a_mistake_in_a_setting_is_named(recipe, override, message):
    with pytest.raises(RecipeError) as error:
        clustering_recipe(recipe, [override])
    assert message in str(error.value)


@pytest.fixture(scope="module")
def whole(run, crops, tmp_path_factory):
    """A training that was never interrupted: its directory, and its history."""
    path = tmp_path_factory.mktemp("learning") / "whole"
    return path, _train(run, crops, path)


@pytest.mark.slow
def test_clusters_are_found_and_kept_in_the_record(whole, crops):
    path, history = whole
    assert len(history) == 2
    assert [each["agreement"] for each in history] == [0.0, 1.0]
    record = json.loads((path / "run.json").read_text())
    assert record["finished"]
    assert record["data"]["cameras"] == {"door": 48, "yard": 48}
    assert record["data"]["adapted_from"]["run"] == "run"
    assert history[-1]["clusters"] >= 2
    assert history[-1]["cluster"] > 0
    assert history[-1]["camera"] > 0
    lines = [json.loads(line) for line in (path / "clusters.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert [line["noise_share"] for line in lines] == [each["noise_share"] for each in history]
    opened = open_run(path)
    assert opened.recipe.name == "tiny-adapted"


@pytest.mark.slow
def test_a_resumed_training_equals_an_uninterrupted_one(whole, run, crops, tmp_path):
    path, history = whole
    out = tmp_path / "parts"
    press = Recorder(at_step=2, action=lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(TrainingInterruptedError, match=r"step 2.*--resume"):
        _train(run, crops, out, press)
    with pytest.raises(TrainingError, match="cannot resume on another data set"):
        _train(run, crops, out, resume=True, settings=(*SETTINGS, "clustering.radius=0.3"))
    resumed = _train(run, crops, out, resume=True)
    one, two = _arrays(path), _arrays(out)
    assert one.keys() == two.keys()
    assert "clustering/memory" in one
    for name, array in one.items():
        np.testing.assert_array_equal(array, two[name], err_msg=name)
    for first, second in zip(history, resumed, strict=True):
        del first["images_per_second"], second["images_per_second"]
        assert first == second


def test_without_two_clusters_there_is_nothing_to_learn(run, crops, tmp_path):
    settings = (*SETTINGS, "clustering.least=90")
    with pytest.raises(TrainingError, match=r"0 clusters in 96 crops at epoch 1; raise"):
        _train(run, crops, tmp_path / "run", settings=settings)


def test_the_picture_is_a_png_of_any_number_of_epochs(tmp_path):
    pytest.importorskip("matplotlib")
    row = {"clusters": 5.0, "noise_share": 0.1, "shared_share": 0.5, "agreement": 0.0}
    for count in (1, 3):
        draw([row] * count, tmp_path / "clusters.png")
        assert (tmp_path / "clusters.png").read_bytes().startswith(b"\x89PNG")

"""Validation while training: what is held out, the best checkpoint, resuming, TensorBoard."""

import io
import json
import os
import shutil
import signal
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from bireid_deploy import api
from bireid_deploy.data.dataset import ReIdDataset, Sample
from bireid_deploy.data.held_out import hold_out_items, hold_out_people
from bireid_deploy.data.layouts import open_dataset
from bireid_deploy.data.synthetic import write_synthetic
from bireid_deploy.errors import DatasetError, TrainingError, TrainingInterruptedError
from bireid_deploy.recipes import find_recipe, load_recipe
from bireid_deploy.tasks import TASKS
from bireid_deploy.trained_run import KerasPredictor, open_run
from bireid_deploy.training.run_directory import RunDirectory
from bireid_deploy.training.validation import best_epoch

SCORE = "validation_mean_average_precision"


def _people(tmp_path, people, cameras=2):
    train = tuple(
        Sample(tmp_path / f"{person}_{camera}_{image}.png", person, camera)
        for person in range(1, people + 1)
        for camera in range(cameras)
        for image in range(3)
    )
    test = (Sample(tmp_path / "test.png", 900, 0),)
    return ReIdDataset("people", tmp_path, train, test, test)


def test_whole_people_are_held_out_whatever_the_seed(tmp_path):
    dataset = _people(tmp_path, 40)
    kept, held = hold_out_people(dataset, 0.1)
    assert hold_out_people(dataset, 0.1) == (kept, held)
    names = {sample.person_id for sample in held.gallery}
    assert len(names) == 4
    assert names.isdisjoint(sample.person_id for sample in kept.train)
    assert sorted([*kept.train, *held.gallery], key=dataset.train.index) == list(dataset.train)
    # A query by each camera, and nobody of the test split.
    assert Counter((each.person_id, each.camera_id) for each in held.query) == {
        (name, camera): 1 for name in names for camera in range(2)
    }
    assert (kept.query, kept.gallery) == (dataset.query, dataset.gallery)


def test_what_cannot_be_held_out(tmp_path):
    with pytest.raises(DatasetError, match=r"3 training people .* set validation.every=0"):
        hold_out_people(_people(tmp_path, 3), 0.5)
    with pytest.raises(DatasetError, match=r"seen by two cameras; set validation.every=0"):
        hold_out_people(_people(tmp_path, 9, cameras=1), 0.5)


@dataclass(frozen=True)
class Items:
    root: object
    train: tuple
    test: tuple


def test_items_of_other_tasks_are_spread(tmp_path):
    kept, held = hold_out_items(Items(tmp_path, tuple(range(20)), ("test",)), 0.2)
    assert held.test == (2, 7, 12, 17)
    assert sorted((*kept.train, *held.test)) == list(range(20))
    with pytest.raises(DatasetError, match=r"set validation.every=0"):
        hold_out_items(Items(tmp_path, (1,), ()), 0.2)


def test_the_best_epoch_is_the_first_of_equal_ones():
    history = [{SCORE: 0.2}, {}, {SCORE: 0.5}, {SCORE: 0.5}, {SCORE: 0.4}]
    assert best_epoch(history, "mean_average_precision") == 3
    assert best_epoch([{}], "mean_average_precision") is None


@pytest.mark.parametrize("name", ["bireid_r18", "distilled_r18", "teacher_r18", "bireid_r50"])
def test_full_recipes_validate_on_the_same_people(name):
    recipe = load_recipe(find_recipe(name))
    assert (recipe.validation.every, recipe.validation.fraction) == (5, 0.05)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    path = tmp_path_factory.mktemp("validation") / "people"
    write_synthetic(path, identities=20, cameras=2, images_per_camera=2, size=(64, 32))
    return open_dataset(path)


class _Validated:
    """Trains with validation, one compiled step per call."""

    def __init__(self, folder, people, plain_recipe):
        self.folder = folder
        self.people = people
        self.recipe = plain_recipe(
            optimizer={"epochs": 4}, validation={"every": 2, "fraction": 0.2}
        )

    def train(self, name, resume=False, at_step=None):
        steps = 0

        def step(epoch, batch, batches, terms):
            nonlocal steps
            steps += 1
            if steps == at_step:
                os.kill(os.getpid(), signal.SIGTERM)

        reporter = SimpleNamespace(step=step, epoch=lambda epoch, summary: None)
        path = self.folder / name
        return api.train(
            self.recipe,
            self.people,
            path,
            resume=resume,
            reporting=lambda recipe: nullcontext(reporter),
        )


@pytest.fixture(scope="module")
def validated(tmp_path_factory, people, plain_recipe):
    found = _Validated(tmp_path_factory.mktemp("validated"), people, plain_recipe)
    found.whole = found.train("whole")
    return found


def _arrays(path):
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files if name != "state.json"}


def _same(one, two):
    one, two = _arrays(one), _arrays(two)
    assert one.keys() == two.keys()
    return all(np.array_equal(array, two[name]) for name, array in one.items())


def test_the_best_checkpoint_lies_beside_the_last(validated, people):
    run = RunDirectory(validated.folder / "whole")
    history = validated.whole.history
    assert [SCORE in summary for summary in history] == [False, True, False, True]
    assert all(0 < summary[SCORE] <= 1 for summary in history[1::2])
    assert run.read_record()["data"]["identities"] < 10
    best = best_epoch(history, "mean_average_precision")
    opened = open_run(run.path, "best")
    state = json.loads(_state(run.best.checkpoint))
    assert state["epoch"] == best
    assert _same(run.last.checkpoint, run.best.checkpoint) is (best == 4)
    # What was written is what was measured.
    task = TASKS["reid"]
    deployment = opened.deployment()
    _, held = task.hold_out(people, 0.2)
    found = task.evaluate(KerasPredictor(deployment), held, deployment.outputs, {})
    assert found.scores["mean_average_precision"] == pytest.approx(history[best - 1][SCORE])


def test_a_resumed_run_measures_and_keeps_the_same(validated):
    steps = RunDirectory(validated.folder / "whole").read_record()["steps"]
    with pytest.raises(TrainingInterruptedError):
        validated.train("parts", at_step=steps * 3 // 4)
    resumed = validated.train("parts", resume=True)
    whole = [dict(summary) for summary in validated.whole.history]
    for summary in (*whole, *resumed.history):
        summary.pop("images_per_second", None)
    assert resumed.history == whole
    for name in ("checkpoint.npz", "checkpoint.best.npz"):
        assert _same(validated.folder / "whole" / name, validated.folder / "parts" / name)


def test_a_run_that_was_killed_before_it_measured_measures_again(validated, tmp_path):
    run = shutil.copytree(validated.folder / "whole", validated.folder / "killed")
    state = json.loads(_state(run / "checkpoint.npz"))
    expected = state["history"][-1].pop(SCORE)
    for name in [each for each in state["history"][-1] if each.startswith("validation_")]:
        del state["history"][-1][name]
    arrays = _arrays(run / "checkpoint.npz")
    arrays["state.json"] = np.frombuffer(json.dumps(state).encode(), np.uint8)
    np.savez(run / "checkpoint.npz", **arrays)
    (run / "checkpoint.best.npz").unlink()
    resumed = validated.train("killed", resume=True)
    assert resumed.history[-1][SCORE] == expected
    best = best_epoch(resumed.history, "mean_average_precision")
    assert (run / "checkpoint.best.npz").exists() is (best == 4)
    assert RunDirectory(run).read_record()["finished"]


def test_tensorboard_has_names_for_people(validated):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(validated.folder / "whole" / "tensorboard"), {"tensors": 0})
    board.Reload()
    tags = set(board.Tags()["tensors"])
    assert {
        "validation/mAP",
        "validation/rank-1",
        "training/total",
        "speed/images per second",
        "learning rate/kernels",
        "learning rate/head",
        "augmented crops",
    } <= tags
    assert not any("_" in tag for tag in tags)
    steps = [event.step for event in board.Tensors("validation/mAP")]
    assert steps == [2, 4]
    (width, height, picture) = board.Tensors("augmented crops")[0].tensor_proto.string_val[:3]
    image = Image.open(io.BytesIO(picture))
    assert image.size == (int(width), int(height))
    assert image.height == 64
    assert np.asarray(image).std() > 10


def test_only_a_validated_run_has_a_best_checkpoint(validated, tmp_path):
    run = shutil.copytree(validated.folder / "whole", tmp_path / "run")
    (run / "checkpoint.best.npz").unlink()
    with pytest.raises(TrainingError, match=r"no best checkpoint; train with validation.every"):
        open_run(run, "best")
    bundle = api.convert(
        validated.folder / "whole", tmp_path / "bundle", formats=["onnx"], checkpoint="best",
        verify=False,
    )  # fmt: skip
    training = bundle.manifest["training"]
    best = best_epoch(validated.whole.history, "mean_average_precision")
    assert (training["checkpoint"], training["epoch"]) == ("best", best)
    state = json.loads(_state(validated.folder / "whole" / "checkpoint.best.npz"))
    assert training["steps"] == state["step"]


def _state(path):
    with np.load(path, allow_pickle=False) as archive:
        return archive["state.json"].tobytes().decode()

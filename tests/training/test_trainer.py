"""The training loop: learning, resuming, interruption, divergence."""

import dataclasses
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bireid_deploy.errors import DivergenceError, TrainingError, TrainingInterruptedError
from bireid_deploy.recipes import parse_recipe
from bireid_deploy.tasks import TASKS
from bireid_deploy.trained_run import open_run
from bireid_deploy.training.checkpoint import read_arrays
from bireid_deploy.training.loop_state import LoopState
from bireid_deploy.training.run_directory import RunDirectory
from bireid_deploy.training.trainer import Trainer


class Recorder:
    """Keeps what the trainer reports, and may act at a step."""

    def __init__(self, at_step=None, action=None):
        self.steps = []
        self.epochs = []
        self._at_step, self._action = at_step, action

    def step(self, epoch, batch, batches, terms):
        self.steps.append(terms)
        if len(self.steps) == self._at_step:
            self._action()

    def epoch(self, epoch, summary):
        self.epochs.append(summary)


def _recipe(**sections):
    document = {
        "name": "tiny",
        "network": {"backbone": "two_units", "width": 0.125, "input_height": 64, "input_width": 32},
        "batch": {"identities": 3, "images_per_identity": 2},
        "augmentation": {"pad": 2},
        "kernel_refining": {"enabled": True},
        "feature_refining": {"enabled": True, "pairs": [{"low": "stage1", "high": "stage2"}]},
        "optimizer": {"epochs": 2},
    }
    for name, values in sections.items():
        document[name] = {**document.get(name, {}), **values}
    return parse_recipe(document, "test")


def _trainer(recipe, data, path, reporter=None, initial=None):
    run = RunDirectory(path)
    return Trainer(recipe, TASKS[recipe.task], data, run, reporter or Recorder(), initial)


def _arrays(path):
    with np.load(path / "checkpoint.npz", allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files if name != "state.json"}


NONE = {"flip": 0.0, "pad": 0, "erasing": 0.0}
PLAIN = {"kernel_refining": {"enabled": False}, "feature_refining": {"enabled": False}}


@dataclasses.dataclass(frozen=True)
class _Finished:
    path: Path
    trainer: Callable[[Path], Trainer]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, data):
    """A finished run, and what opens a copy of it."""
    recipe = _recipe(**PLAIN, optimizer={"epochs": 1})
    path = tmp_path_factory.mktemp("finished") / "run"
    _trainer(recipe, data, path).train()
    return _Finished(path, lambda copy: _trainer(recipe, data, copy))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sections", "number"),
    [(PLAIN, signal.SIGTERM), ({}, signal.SIGINT)],
    ids=["plain", "refining"],
)
def test_resume_after_a_signal_equals_an_uninterrupted_run(tmp_path, data, sections, number):
    recipe = _recipe(**sections)
    whole = _trainer(recipe, data, tmp_path / "whole").train()
    press = Recorder(at_step=3, action=lambda: os.kill(os.getpid(), number))
    with pytest.raises(TrainingInterruptedError, match=r"step 3.*--resume"):
        _trainer(recipe, data, tmp_path / "parts", press).train()
    resumed = _trainer(recipe, data, tmp_path / "parts").train(resume=True)

    one, two = _arrays(tmp_path / "whole"), _arrays(tmp_path / "parts")
    assert one.keys() == two.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, two[name], err_msg=name)
    for summary in whole + resumed:
        summary.pop("images_per_second")
    assert whole == resumed
    record = json.loads((tmp_path / "parts" / "run.json").read_text())
    assert record["finished"]
    assert record["steps"] == 6
    assert any((tmp_path / "parts" / "tensorboard").iterdir())


def test_what_cannot_be_resumed(tmp_path, data):
    recipe, path = _recipe(**PLAIN, optimizer={"epochs": 1}), tmp_path / "run"
    _trainer(recipe, data, path).train()
    with pytest.raises(TrainingError, match="holds a run already"):
        _trainer(recipe, data, path).train()
    other = _recipe(**PLAIN, optimizer={"epochs": 9})
    with pytest.raises(TrainingError, match=r"changed: optimizer.epochs"):
        _trainer(other, data, path).train(resume=True)
    elsewhere = dataclasses.replace(data, description={"name": "other"})
    with pytest.raises(TrainingError, match="another data set"):
        _trainer(recipe, elsewhere, path).train(resume=True)
    record = path / "run.json"
    record.write_text(record.read_text().replace('"workers": 1', '"workers": 2'))
    with pytest.raises(TrainingError, match="with 1 workers; it was started with 2"):
        _trainer(recipe, data, path).train(resume=True)
    record.write_text(record.read_text().replace('"workers": 2', '"workers": 1'))
    checkpoint = path / "checkpoint.npz"
    checkpoint.write_bytes(checkpoint.read_bytes()[:5000])
    with pytest.raises(TrainingError, match="damaged checkpoint"):
        _trainer(recipe, data, path).train(resume=True)


def test_a_kill_between_checkpoint_and_record_leaves_no_false_record(tmp_path, finished):
    run = shutil.copytree(finished.path, tmp_path / "run")
    right = json.loads((run / "run.json").read_text())
    stale = {**right, "finished": False, "steps": 0, "history": []}
    (run / "run.json").write_text(json.dumps(stale))
    # What publishes figures takes those of the weights that it uses.
    opened = open_run(run)
    assert (opened.record["steps"], opened.record["history"]) == (right["steps"], right["history"])
    finished.trainer(run).train(resume=True)
    assert json.loads((run / "run.json").read_text()) == right


@pytest.mark.parametrize("key", ["initial", "teacher", "history", "steps"])
def test_a_record_that_lacks_a_key_is_damaged(tmp_path, finished, key):
    run = shutil.copytree(finished.path, tmp_path / "run")
    record = json.loads((run / "run.json").read_text())
    del record[key]
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(TrainingError, match=f"damaged record: no valid '{key}'"):
        finished.trainer(run).train(resume=True)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epoch", -1),
        ("epoch", 2),
        ("batch", 1.5),
        ("step", True),
        ("sums", {"total": "much"}),
        ("seconds", -1.0),
        ("history", [{"total": None}]),
        ("images", None),
    ],
)
def test_an_impossible_loop_state_is_refused(tmp_path, finished, key, value):
    run = shutil.copytree(finished.path, tmp_path / "run")
    arrays = dict(np.load(run / "checkpoint.npz", allow_pickle=False))
    state = {**json.loads(arrays["state.json"].tobytes()), key: value}
    arrays["state.json"] = np.frombuffer(json.dumps(state).encode(), np.uint8)
    np.savez(run / "checkpoint.npz", **arrays)
    with pytest.raises(TrainingError, match=r"checkpoint\.npz: damaged checkpoint: "):
        finished.trainer(run).train(resume=True)


def test_the_first_step_of_a_process_says_nothing_about_speed():
    state = LoopState()
    state.add({"total": 1.0}, images=10, seconds=60.0)
    state.add({"total": 1.0}, images=10, seconds=1.0)
    resumed = LoopState.from_json(json.loads(json.dumps(state.to_json())), "checkpoint")
    resumed.add({"total": 1.0}, images=10, seconds=60.0)
    resumed.add({"total": 1.0}, images=10, seconds=1.0)
    assert resumed.end_epoch()["images_per_second"] == 10.0


@pytest.mark.slow
def test_every_term_is_reported_and_the_network_learns(tmp_path, data):
    recipe = _recipe(
        optimizer={"epochs": 16, "kernel_rate": 0.02, "other_rate": 0.01}, augmentation=NONE
    )
    recorder = Recorder()
    history = _trainer(recipe, data, tmp_path / "run", recorder).train()
    assert set(history[0]) >= {
        "identity", "triplet", "kernel_adversarial", "kernel_mse", "feature_adversarial",
        "feature_mse", "kernel_discriminator", "feature_discriminator", "target_variance",
        "accuracy", "images_per_second",
    }  # fmt: skip
    assert history[-1]["identity"] < 0.9 * history[0]["identity"]


@pytest.mark.parametrize(
    "other", [{"kernel_refining": {"enabled": False}}, {"feature_refining": {"enabled": False}}]
)
def test_each_refinement_is_switchable(tmp_path, data, other):
    recipe = _recipe(**other, optimizer={"epochs": 1})
    (summary,) = _trainer(recipe, data, tmp_path / "run").train()
    assert ("kernel_mse" in summary) == recipe.kernel_refining.enabled
    assert ("feature_mse" in summary) == recipe.feature_refining.enabled


@pytest.mark.slow
def test_task_gradient_only_keeps_feature_refining_from_other_parameters(tmp_path, data):
    """Eq. 6.32: one step moves p as without FR-GAL, while the kernels do feel it."""
    step = {
        "batch": {"identities": 4, "images_per_identity": 6},
        "optimizer": {"epochs": 1, "task_gradient_only": True, "weight_decay": 0.0},
        "kernel_refining": {"enabled": False},
    }
    with_refining = _recipe(**step, feature_refining={"adversarial_weight": 50.0})
    without = _recipe(**step, feature_refining={"enabled": False})
    for name, recipe in (("with", with_refining), ("without", without)):
        _trainer(recipe, data, tmp_path / name).train()
    one, two = _arrays(tmp_path / "with"), _arrays(tmp_path / "without")
    slopes = "network/stage1_unit1_prelu/alpha:0"
    np.testing.assert_allclose(one[slopes], two[slopes], rtol=0, atol=1e-6)
    kernel = "network/stage1_unit1_conv/kernel:0"
    assert np.abs(one[kernel] - two[kernel]).max() > 1e-4


def test_nan_stops_with_the_step_and_the_term(tmp_path, data):
    recipe = _recipe(kernel_refining={"mse_weight": 3e38})
    with pytest.raises(DivergenceError, match=r"kernel_mse became (inf|nan) at step 0"):
        _trainer(recipe, data, tmp_path / "run").train()
    assert read_arrays(tmp_path / "run" / "checkpoint.npz", ["state.json"])


def test_initial_weights_come_from_another_run(tmp_path, data):
    recipe = _recipe(optimizer={"epochs": 1})
    _trainer(recipe, data, tmp_path / "first").train()
    second = _trainer(recipe, data, tmp_path / "second", initial=tmp_path / "first")
    name = "stage2_unit1_conv/kernel:0"
    (kernel,) = [each for each in second.network.model.variables if each.name == name]
    np.testing.assert_array_equal(kernel, _arrays(tmp_path / "first")[f"network/{name}"])
    with pytest.raises(TrainingError, match="no such checkpoint"):
        _trainer(recipe, data, tmp_path / "third", initial=tmp_path / "absent.npz")


def test_too_few_identities_for_a_batch(tmp_path, data):
    with pytest.raises(TrainingError, match="identities"):
        _trainer(_recipe(batch={"identities": 9}), data, tmp_path / "run")

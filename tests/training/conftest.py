"""Every test starts from the same random state; tiny data and recipes for those that train."""

import numpy as np
import pytest
import tiny_backbone
from bireid_models.framework import keras

from bireid_deploy.recipes import parse_recipe
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.supervised import LabelledImages


@pytest.fixture(autouse=True)
def seed():
    """Seed Python, NumPy and TensorFlow."""
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session", autouse=True)
def backbone():
    """A backbone that trains in no time."""
    with tiny_backbone.known() as name:
        yield name


@pytest.fixture(scope="session")
def data():
    """Four identities, each a pattern of its own under noise."""
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 6)
    patterns = generator.integers(40, 216, (4, 64, 32, 3))
    noise = generator.integers(-40, 40, (24, 64, 32, 3))
    pixels = (patterns[labels] + noise).astype(np.uint8)
    return LabelledImages(pixels, labels, {"name": "patterns", "images": 24})


@pytest.fixture(scope="session")
def plain_recipe():
    """A recipe of eighth width without refinements, 1 epoch; sections are merged into it."""

    def call(**sections):
        document = {
            "name": "plain",
            "network": {
                "backbone": "two_units",
                "width": 0.125,
                "input_height": 64,
                "input_width": 32,
            },
            "batch": {"identities": 3, "images_per_identity": 2},
            "augmentation": {"pad": 2},
            "optimizer": {"epochs": 1},
        }
        for name, values in sections.items():
            inner = document.get(name)
            document[name] = {**inner, **values} if isinstance(inner, dict) else values
        return parse_recipe(document, "test")

    return call


@pytest.fixture(scope="session")
def checkpoint_arrays():
    """Every array of a run's checkpoint by name."""

    def call(run):
        with np.load(run / "checkpoint.npz", allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files if name != "state.json"}

    return call


class SilentReporter:
    """Hears nothing, unless a step number and an action are given."""

    def __init__(self, at_step=None, action=None):
        self._steps = 0
        self._at_step, self._action = at_step, action

    def step(self, epoch, batch, batches, terms):
        self._steps += 1
        if self._steps == self._at_step:
            self._action()

    def epoch(self, epoch, summary):
        pass


@pytest.fixture(scope="session")
def trainer(data):
    """Build a trainer on the patterns (or on other data)."""

    def call(recipe, path, initial=None, teacher=None, data=data, at_step=None, action=None):
        from bireid_deploy.training.run_directory import RunDirectory
        from bireid_deploy.training.trainer import Trainer

        reporter = SilentReporter(at_step, action)
        return Trainer(
            recipe, TASKS[recipe.task], data, RunDirectory(path), reporter, initial, teacher
        )

    return call

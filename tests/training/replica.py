"""One of two processes that train together; `test_replicas.py` starts both.

Arguments: a folder for what is left, and the port of each process.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from bireid_models.backbones import BACKBONES, Backbone

from bireid_deploy.errors import ClusterError, TrainingInterruptedError
from bireid_deploy.recipes import parse_recipe
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.supervised import LabelledImages
from bireid_deploy.training.run_directory import RunDirectory
from bireid_deploy.training.trainer import Trainer
from bireid_deploy.training.workers import SOURCES
from bireid_deploy.training.workers.joining import join
from bireid_deploy.training.workers.replicas import Replicas

BACKBONES["two_units"] = Backbone("tiny_backbone:two_units")
RECIPE = parse_recipe(
    {
        "name": "tiny",
        "network": {
            "backbone": "two_units",
            "width": 0.125,
            "input_height": 64,
            "input_width": 32,
            "dropout": 0.2,
        },
        "batch": {"identities": 3, "images_per_identity": 2, "sync_batch_norm": True},
        "feature_refining": {
            "enabled": True,
            "pairs": [{"low": "stage1", "high": "stage2"}],
            "discriminator": {"widths": [8]},
        },
        "optimizer": {"epochs": 2},
    },
    "test",
)


class Rehearsal:
    """Trains on eight people of made-up patterns, and acts at a step."""

    def __init__(self, folder: Path, replicas: Replicas) -> None:
        self._folder, self._replicas = folder, replicas
        generator = np.random.default_rng(0)
        labels = np.repeat(np.arange(8), 4)
        patterns = generator.integers(40, 216, (8, 64, 32, 3))
        noise = generator.integers(-40, 40, (32, 64, 32, 3))
        pixels = (patterns[labels] + noise).astype(np.uint8)
        data = LabelledImages(pixels, labels, {"name": "patterns", "images": 32})
        run, task = RunDirectory(folder / "run"), TASKS[RECIPE.task]
        self._trainer = Trainer(RECIPE, task, data, run, self, replicas=replicas)

    def acts(self, at_step: int, action: Callable[[], None]) -> None:
        """At the step of this number, from 1, of those to come."""
        self._left, self._action = at_step, action

    def step(self, epoch: int, batch: int, batches: int, terms: dict[str, float]) -> None:
        """The training says that a step was done."""
        self._left -= 1
        if self._left == 0:
            self._action()

    def epoch(self, epoch: int, summary: dict[str, float]) -> None:
        """The training says that an epoch was done."""

    def train(self, name: str, resume: bool, at_step: int, action: Callable[[], None]) -> None:
        """Train until something happens, and keep what this process has learned and logged."""
        self.acts(at_step, action)
        try:
            self._trainer.train(resume)
        except (TrainingInterruptedError, ClusterError) as error:
            print(error, flush=True)
        variables = self._trainer._step.variables()
        arrays = {key: value.numpy() for key, value in variables.items()}
        sums = np.array(sorted(self._trainer._state.sums.items()))
        np.savez(self._folder / f"{name}-{self._replicas.rank}.npz", sums=sums, **arrays)
        # What goes on must come from the checkpoint.
        for variable in variables.values():
            variable.assign(0 * variable)


def main(folder: Path) -> None:
    replicas = join(SOURCES["tf-config"](os.environ), RECIPE, {}, patience=120)
    rehearsal = Rehearsal(folder, replicas)
    checkpoint, fresh = folder / "run/checkpoint.npz", folder / "fresh.npz"

    def signals(rank: int, number: int) -> Callable[[], None]:
        return lambda: os.kill(os.getpid(), number) if replicas.rank == rank else None

    def keep_fresh() -> None:
        # The checkpoint on the disk is the one of before the first step.
        if replicas.rank == 0:
            shutil.copy(checkpoint, fresh)
        rehearsal.acts(1, signals(0, signal.SIGTERM))

    rehearsal.train("whole", False, 1, keep_fresh)
    if replicas.rank == 0:
        shutil.copy(fresh, checkpoint)
    replicas.agree(False)
    rehearsal.train("first", True, 1, signals(1, signal.SIGINT))
    rehearsal.train("parts", True, 1, signals(0, signal.SIGTERM))
    rehearsal.train("killed", True, 1, signals(1, signal.SIGKILL))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

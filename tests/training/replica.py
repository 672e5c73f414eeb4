"""One of two processes that train together; `test_replicas.py` starts both.

Arguments: a folder for what is left, and the port of each process.
"""

import os
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


class Actor:
    """Acts at a step of a training, and hears nothing else."""

    def __init__(self) -> None:
        self.acts(0, lambda: None)

    def acts(self, at_step: int, action: Callable[[], None]) -> None:
        """At the step of this number, from 1, of those to come."""
        self._left, self._action = at_step, action

    def step(self, epoch: int, batch: int, batches: int, terms: dict[str, float]) -> None:
        self._left -= 1
        if self._left == 0:
            self._action()

    def epoch(self, epoch: int, summary: dict[str, float]) -> None:
        pass


class Rehearsal:
    """Trains on eight people of made-up patterns."""

    def __init__(self, folder: Path, replicas: Replicas) -> None:
        self._folder, self._replicas = folder, replicas
        generator = np.random.default_rng(0)
        labels = np.repeat(np.arange(8), 4)
        patterns = generator.integers(40, 216, (8, 64, 32, 3))
        noise = generator.integers(-40, 40, (32, 64, 32, 3))
        pixels = (patterns[labels] + noise).astype(np.uint8)
        self._data = LabelledImages(pixels, labels, {"name": "patterns", "images": 32})

    def trainer(self, name: str) -> tuple[Trainer, Actor]:
        run, task, actor = RunDirectory(self._folder / name), TASKS[RECIPE.task], Actor()
        trainer = Trainer(RECIPE, task, self._data, run, actor, replicas=self._replicas)
        return trainer, actor

    def keep(self, name: str, trainer: Trainer) -> None:
        """Keep what this process has learned and logged."""
        arrays = {key: value.numpy() for key, value in trainer._step.variables().items()}
        sums = np.array(sorted(trainer._state.sums.items()))
        np.savez(self._folder / f"{name}-{self._replicas.rank}.npz", sums=sums, **arrays)


def main(folder: Path) -> None:
    replicas = join(SOURCES["tf-config"](os.environ), RECIPE, {}, patience=120)
    rehearsal = Rehearsal(folder, replicas)

    def signals(rank: int, number: int) -> Callable[[], None]:
        return lambda: os.kill(os.getpid(), number) if replicas.rank == rank else None

    trainer, actor = rehearsal.trainer("parts")
    for rank, number in ((1, signal.SIGINT), (0, signal.SIGTERM)):
        actor.acts(1, signals(rank, number))
        try:
            trainer.train(resume=rank == 0)
        except TrainingInterruptedError as error:
            print(error, flush=True)
        rehearsal.keep("parts", trainer)
        # What goes on must come from the checkpoint.
        for variable in trainer._step.variables().values():
            variable.assign(0 * variable)
    trainer, actor = rehearsal.trainer("whole")
    # An epoch has two steps.
    actor.acts(3, signals(1, signal.SIGKILL))
    try:
        trainer.train()
    except ClusterError as error:
        print(error, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

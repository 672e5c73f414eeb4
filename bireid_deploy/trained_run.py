"""Opening a finished (or interrupted) run, and running its network with Keras."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from bireid_runtime.inputs import InputSpec

from bireid_deploy.errors import TrainingError
from bireid_deploy.recipes import parse_recipe
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.base import Deployment, Task
from bireid_deploy.training.checkpoint import read_state
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.run_directory import RunDirectory

_BATCH = 64

Checkpoint = Literal["last", "best"]


@dataclass(frozen=True)
class TrainedRun:
    """A run with its weights loaded.

    Attributes:
        directory: Where it lies.
        recipe: What it was trained with.
        record: Content of `run.json`.
        network: `bireid_models.network.Network` with the checkpoint's weights.
        inputs: What the network takes.
    """

    directory: RunDirectory
    recipe: Recipe
    record: dict[str, Any]
    network: Any
    inputs: tuple[InputSpec, ...]

    @property
    def task(self) -> Task:
        """What it was trained for."""
        return TASKS[self.recipe.task]

    def deployment(self) -> Deployment:
        """What it becomes on a device.

        Raises:
            UnsupportedModelError: The task has no deployable network, and why.
            TrainingError: The checkpoint holds values that do not fit the network.
        """
        return self._deployed()[0]

    def as_trained(self) -> Deployment | None:
        """The same before matrices were folded and structures removed; None if nothing was."""
        _, changed = self._deployed()
        return self.task.deployment(self) if changed else None

    def _deployed(self) -> tuple[Deployment, bool]:
        from bireid_deploy.training.trained_network import deployed_network

        network = deployed_network(self.directory, self.network)
        return self.task.deployment(replace(self, network=network)), network is not self.network


@dataclass(frozen=True)
class KerasPredictor:
    """The trained network itself, the reference of every converted file.

    Attributes:
        deployment: The network with the specs of its inputs and outputs.
        fingerprint: Empty: only a bundle has one.
    """

    deployment: Deployment
    fingerprint: str = ""

    @property
    def inputs(self) -> tuple[InputSpec, ...]:
        """What the network takes."""
        return self.deployment.inputs

    def run_images(self, images: Sequence[np.ndarray]) -> Mapping[str, np.ndarray]:
        """As `run_items`, of a network that takes images uint8 (H, W, C) of any size."""
        return self.run_items(images)

    def run_items(self, items: Sequence[np.ndarray]) -> Mapping[str, np.ndarray]:
        """Run raw items through a network with one input.

        Args:
            items: What the kind of the input takes, see `InputSpec.prepare`.

        Returns:
            Every output by name, float32 (N, ...).
        """
        (spec,) = self.deployment.inputs
        batches = []
        for start in range(0, len(items), _BATCH):
            prepared = [spec.prepare(item) for item in items[start : start + _BATCH]]
            batches.append(self._outputs(np.stack(prepared)))
        return {
            output.name: np.concatenate(
                [np.zeros((0, *output.shape), np.float32), *(each[output.name] for each in batches)]
            )
            for output in self.deployment.outputs
        }

    def _outputs(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        found = self.deployment.model(batch, training=False)
        if not isinstance(found, dict):
            found = {self.deployment.outputs[0].name: found}
        return {name: np.asarray(value) for name, value in found.items()}


def read_recipe(run: RunDirectory) -> Recipe:
    """The recipe that a run was started with.

    Raises:
        TrainingError: Not a run, or its record is damaged.
        RecipeError: The recipe in it does not validate.
    """
    return parse_recipe(run.read_record()["recipe"], source=str(run.record_path))


def open_run(path: Path, checkpoint: Checkpoint = "last") -> TrainedRun:
    """Open a run directory.

    Args:
        path: Run directory.
        checkpoint: `last`, or `best`, which the validation kept.

    Raises:
        TrainingError: Not a run, or its checkpoint is missing, damaged or of another network.
    """
    from bireid_deploy.training.trained_network import open_network

    run = RunDirectory(path)
    recipe = read_recipe(run)
    if checkpoint == "best":
        run = run.best
        if not run.checkpoint.is_file():
            raise TrainingError(
                f"{run.checkpoint}: no best checkpoint; train with validation.every=N to get one"
            )
    inputs = TASKS[recipe.task].inputs(recipe)
    return TrainedRun(run, recipe, _record(run), open_network(run), inputs)


def _record(run: RunDirectory) -> dict[str, Any]:
    """The record as of the checkpoint, whose weights are used: a kill may leave an older one."""
    record, state = run.read_record(), read_state(run.checkpoint)
    if state is None or state.step == record["steps"]:
        return record
    return {**record, "steps": state.step, "history": state.history}

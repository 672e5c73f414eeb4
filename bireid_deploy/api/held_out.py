"""Validation on what a task holds out of its training data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bireid_deploy.tasks.base import Task
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.run_directory import RunDirectory


@dataclass(frozen=True)
class HeldOut:
    """A `training.validation.Validation`.

    Attributes:
        recipe: What is trained.
        task: What it learns.
        dataset: What was held out, as the test split of a data set of the task.
    """

    recipe: Recipe
    task: Task
    dataset: Any

    @property
    def every(self) -> int:
        """Epochs between two measurements."""
        return self.recipe.validation.every

    @property
    def headings(self) -> Mapping[str, str]:
        """The task's scores."""
        return self.task.scores

    def measure(self, run: RunDirectory, network: Any) -> Mapping[str, float]:
        """Deploy the network as it is, and evaluate it with Keras."""
        from bireid_deploy.trained_run import KerasPredictor, TrainedRun

        inputs = self.task.inputs(self.recipe)
        deployment = TrainedRun(run, self.recipe, run.read_record(), network, inputs).deployment()
        report = self.task.evaluate(
            KerasPredictor(deployment), self.dataset, deployment.outputs, {}
        )
        return report.scores


def hold_out(recipe: Recipe, task: Task, dataset: Any) -> tuple[Any, HeldOut | None]:
    """Split a data set as the recipe's table `validation` says.

    Returns:
        The data to train with, and the validation, if the recipe wants one.

    Raises:
        DatasetError: Too little would be left, or what is held out cannot be measured.
    """
    if not recipe.validation.every:
        return dataset, None
    kept, held = task.hold_out(dataset, recipe.validation.fraction)
    return kept, HeldOut(recipe, task, held)

"""What the training loop and step ask of a task; `bireid_deploy.tasks` has the tasks."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from bireid_deploy.training.batches import Batch
from bireid_deploy.training.recipe import Recipe


class TaskData(Protocol):
    """The training data of a task, in memory."""

    @property
    def description(self) -> dict[str, Any]:
        """What a run's record says about them, JSON-serialisable.

        The lines under `remarks`, if there are any, say what was left out; `train` prints them.
        """

    @property
    def skipped(self) -> Sequence[tuple[Path, str]]:
        """Files that could not be decoded, with the reason."""


@runtime_checkable
class NamedItems(Protocol):
    """Training data whose rows are images with a name and a label."""

    @property
    def names(self) -> Sequence[str]:
        """Path of each image below the folder of the data set; empty if nothing is known."""

    @property
    def labels(self) -> Any:
        """Class of each image, int64 (N,)."""

    @property
    def pixels(self) -> Any:
        """The images, uint8 (N, H, W, 3)."""


class BatchSource(Protocol):
    """Batches that depend on seed, epoch and index alone."""

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from index `first` on."""


class TaskStep(Protocol):
    """A task's part of the training step."""

    @property
    def variables(self) -> Mapping[str, Any]:
        """Its trainable variables beside the network's, by their names in a checkpoint."""

    def predict(self, features: Mapping[str, Any]) -> Mapping[str, Any]:
        """From the network's features to predictions; called while the step is traced."""

    def terms(
        self, features: Mapping[str, Any], predictions: Mapping[str, Any], targets: Any
    ) -> dict[str, Any]:
        """The terms of the task's loss, by name, in the order of their sum."""

    def observed(self, predictions: Mapping[str, Any], targets: Any) -> Mapping[str, Any]:
        """Numbers that are only logged."""


@runtime_checkable
class TeachableStep(Protocol):
    """A task's part that can learn from the features of a trained network of its kind."""

    def taught(self, predictions: Mapping[str, Any], teacher: Mapping[str, Any]) -> Any:
        """The loss, a scalar, between predictions and what the teacher's features say."""


@runtime_checkable
class LocatingStep(Protocol):
    """A task's part whose targets say where in an image the things are."""

    def foreground(self, targets: Any, rows: int, columns: int) -> Any:
        """Which places of a map of this size show one of them: bool (N, rows, columns)."""


class TrainableTask(Protocol):
    """A task, as far as the loop is concerned."""

    def batches(self, recipe: Recipe, data: Any) -> BatchSource:
        """Augmented training batches."""

    def step(self, recipe: Recipe, network: Any, data: Any) -> TaskStep:
        """The task's part of the training step; imports TensorFlow."""

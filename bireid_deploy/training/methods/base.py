"""What the training step asks of a method, and what a method may know."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from bireid_deploy.training.batches import Batch
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.recipe_sections import MethodSection
from bireid_deploy.training.task_step import NamedItems


@dataclass(frozen=True)
class Term:
    """A number that a run logs for every epoch.

    Attributes:
        name: Its key in the history of a run; with blanks for underscores it is its heading.
        shown: Whether tables and figures show it.
        is_loss: Whether it is descended, and not only observed; progress shows the first losses.
    """

    name: str
    shown: bool = True
    is_loss: bool = True


@dataclass(frozen=True)
class Scene:
    """One batch on its way through a training step; everything is a tensor of the graph.

    Attributes:
        images: float32 (N, ...), what the network saw.
        targets: What the task learns from, such as labels int32 (N,).
        features: The network's named features.
        predictions: What the task's own layers made of them, such as `logits` (N, K).
        step: int32 scalar, the number of the step from 0.
        taught: Makes the loss, a scalar, of a teacher's features; None if the task has none.
        origins: Which row of the training data each image was made of, and whether it was mirrored,
            int32 (N, 2); None if the batches do not say.
        foreground: Gives bool (N, rows, columns), the places of a map that show what the task is
            about; None if its targets do not say where that is.
    """

    images: Any
    targets: Any
    features: Mapping[str, Any]
    predictions: Mapping[str, Any]
    step: Any
    taught: Callable[[Mapping[str, Any]], Any] | None = None
    foreground: Callable[[int, int], Any] | None = None
    origins: Any = None


@dataclass(frozen=True)
class Play:
    """What a method adds to one step, each by the name of its term.

    Attributes:
        task: Terms of the task's own loss: all parameters follow them.
        refining: Terms that the network descends beside the task's.
        ascent: Terms that the method's adversaries descend, before the network moves.
        observed: Numbers that are only logged.
        answer: Called when the adversaries have moved: further terms of `refining`.
    """

    task: Mapping[str, Any] = field(default_factory=dict)
    refining: Mapping[str, Any] = field(default_factory=dict)
    ascent: Mapping[str, Any] = field(default_factory=dict)
    observed: Mapping[str, Any] = field(default_factory=dict)
    answer: Callable[[], Mapping[str, Any]] = dict


class MethodStep(Protocol):
    """A method at work in one run."""

    @property
    def adversaries(self) -> Sequence[Any]:
        """Variables of its discriminators; they have an optimiser of their own."""

    @property
    def companions(self) -> Sequence[Any]:
        """Variables that learn with the network's head; `state` must hold them too."""

    def state(self) -> Mapping[str, Any]:
        """Variables beside the adversaries that a checkpoint must hold, by a stable name."""

    def play(self, scene: Scene) -> Play:
        """Its part of one step; called while the step is traced."""

    def advice(self, history: Sequence[Mapping[str, float]]) -> str | None:
        """One line for the person if the history of a run shows that the method went wrong."""


@runtime_checkable
class TappingStep(Protocol):
    """A method's part that reads maps within the network which have no name there."""

    @property
    def taps(self) -> Mapping[str, Any]:
        """Keras tensors of the network, by the names that they get in `Scene.features`."""


@runtime_checkable
class Interlude(Protocol):
    """A method's part that does something between the last batch of an epoch and its end.

    All that it changes must be in the network or in its state: a run that is interrupted meanwhile
    does it again from the start.
    """

    def after_epoch(self, batches: Iterable[Batch], descend: Callable[[Batch], None]) -> None:
        """Do it.

        Args:
            batches: As many as an epoch has, which nothing else trains on; they are made when they
                are asked for.
            descend: Moves everything but kernels and their scales by the task's loss of a batch.
        """


@dataclass(frozen=True)
class MethodContext:
    """What a method is built from.

    Attributes:
        recipe: Of the run.
        network: Built network, `bireid_models.network.Network`.
        data: Description of the training data.
        teacher: Run, bundle, cache or checkpoint that `train --teacher` names, or None.
        items: The training images by name, in the order of the rows of a batch's origins; None if
            the task does not name them.
    """

    recipe: Recipe
    network: Any
    data: Mapping[str, Any]
    teacher: Path | None = None
    items: NamedItems | None = None


class Method(Protocol):
    """A row of `METHODS`: a training method and its table in a recipe."""

    @property
    def section(self) -> type[MethodSection]:
        """Its table in a recipe, which has the method's name."""

    @property
    def terms(self) -> tuple[Term, ...]:
        """What it logs, in the order of a table."""

    @property
    def learns_from_teacher(self) -> bool:
        """Whether it needs the run that `train --teacher` names."""

    def check(self, recipe: Recipe) -> None:
        """Refuse a recipe that the method, which it enables, does not fit.

        Raises:
            ValueError: One line on what to change.
        """

    def build(self, context: MethodContext) -> MethodStep:
        """The method at work; imports TensorFlow.

        Raises:
            TrainingError: The network or the teacher does not fit.
        """


@runtime_checkable
class ReplicableMethod(Protocol):
    """A row of `METHODS` whose method may train on several workers at once.

    Each worker plays on a batch of its own; gradients are averaged over all of them before anybody
    moves, the adversaries first. So a term must be a mean over samples or depend on the weights
    alone, and nothing else may change the method's state.
    """

    @property
    def per_replica(self) -> str:
        """What its part sees on each worker, a few words."""


@runtime_checkable
class TellingMethod(Protocol):
    """A row of `METHODS` that takes something of its teacher for granted, and says so."""

    def said_of_teacher(self, recipe: Recipe, teacher: Path) -> tuple[str, ...]:
        """Lines for the person, before anything is trained; imports no TensorFlow.

        Raises:
            BireidError: The teacher cannot be read.
        """

"""What a task's part of the step may be as well: one whose targets change between epochs."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Curriculum(Protocol):
    """Decides before every epoch what is learned in it, and may end the training.

    A `TaskStep` that has these methods too is asked by the loop. Its targets must be among its
    state: a run that was interrupted within an epoch goes on with those of its checkpoint.
    """

    def state(self) -> Mapping[str, Any]:
        """Variables that are not trained and that a checkpoint must hold, by a stable name."""

    def begin_epoch(self, epoch: int) -> None:
        """Choose the targets of an epoch; only the state and the network may decide."""

    def figures(self) -> Mapping[str, float]:
        """Numbers about the present targets, from the state, for the history of the run."""

    def is_done(self, history: Sequence[Mapping[str, float]]) -> bool:
        """Whether another epoch would teach nothing new."""

"""Which batches a replica takes of an epoch."""

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.batches import Batch
from bireid_deploy.training.workers.replicas import Replicas


@runtime_checkable
class DealtSource(Protocol):
    """Batches that can be dealt out like cards, as `training.batches.Batches` can."""

    def deal(self, epoch: int, first: int, rank: int, count: int) -> Iterator[Batch]:
        """Of every `count` batches of an epoch the one of `rank`, from the step `first` on."""


class _Share:
    def __init__(self, source: DealtSource, replicas: Replicas) -> None:
        self._source, self._replicas = source, replicas

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of this replica."""
        return self._source.deal(epoch, first, self._replicas.rank, self._replicas.count)


def share_of(batches: Any, replicas: Replicas) -> Any:
    """The batches that this replica trains on; all of them if it is alone.

    Raises:
        TrainingError: They cannot be dealt out, or are too few for all.
    """
    if replicas.count == 1:
        return batches
    if not isinstance(batches, DealtSource):
        raise TrainingError(
            f"{type(batches).__name__}: the batches of this task cannot be dealt out to several "
            "workers; train it in one process"
        )
    # What is too little for all is said before anything is written.
    batches.deal(0, 0, replicas.rank, replicas.count)
    return _Share(batches, replicas)

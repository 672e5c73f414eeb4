"""What a training asks of those it shares its work with: the replicas of one network."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol


class Replicas(Protocol):
    """The replicas of one training, seen from one of them; all do everything in the same order."""

    @property
    def count(self) -> int:
        """How many there are."""

    @property
    def rank(self) -> int:
        """Which one this is, from 0; the first one is the chief and writes files."""

    def mean(self, values: Sequence[Any]) -> list[Any]:
        """The mean of each tensor over all replicas; called while a step is traced.

        Gradients flow: that of a mean is the mean of the gradients.
        """

    def agree(self, flag: bool) -> bool:
        """Whether any of them says yes; returns when all have said something."""

    def share(self, variables: Mapping[str, Any]) -> None:
        """Give all of them the chief's values."""

    def guarded(self) -> AbstractContextManager[None]:
        """Within it, one that has gone is a `ClusterError`."""


class Alone:
    """One replica, in this process."""

    count = 1
    rank = 0

    def mean(self, values: Sequence[Any]) -> list[Any]:
        """The values."""
        return list(values)

    def agree(self, flag: bool) -> bool:
        """The flag."""
        return flag

    def share(self, variables: Mapping[str, Any]) -> None:
        """Nobody to share with."""

    def guarded(self) -> AbstractContextManager[None]:
        """Nobody goes."""
        return nullcontext()


ALONE = Alone()

"""Who is told how training goes."""

from typing import Protocol


class Reporter(Protocol):
    """The command line draws a progress bar."""

    def step(self, epoch: int, batch: int, batches: int, terms: dict[str, float]) -> None:
        """A step ended: `batch` of `batches` in the epoch `epoch`, which counts from 0."""

    def epoch(self, epoch: int, summary: dict[str, float]) -> None:
        """An epoch ended; `summary` holds the mean of every term and `images_per_second`."""


class SilentReporter:
    """Says nothing."""

    def step(self, epoch: int, batch: int, batches: int, terms: dict[str, float]) -> None:
        """Nothing."""

    def epoch(self, epoch: int, summary: dict[str, float]) -> None:
        """Nothing."""

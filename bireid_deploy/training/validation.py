"""Measuring a network while it trains, on what was held out, and keeping the best checkpoint."""

import math
import shutil
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bireid_runtime.files import atomic_file

from bireid_deploy.training.run_directory import RunDirectory

PREFIX = "validation_"
"""How a score is called in the history of a run."""


class Validation(Protocol):
    """What the loop asks for; the front door makes one from a task and its held-out data."""

    @property
    def every(self) -> int:
        """Epochs between two measurements; the last epoch is always measured."""

    @property
    def headings(self) -> Mapping[str, str]:
        """What every score is called; the first one decides which checkpoint is best."""

    def measure(self, run: RunDirectory, network: Any) -> Mapping[str, float]:
        """Scores, 0..1, by name, of a network whose weights lie in the run's checkpoint too."""


def is_due(validation: Validation, epoch: int, epochs: int, is_last: bool) -> bool:
    """Whether an epoch, counted from 1, is measured."""
    return epoch > 0 and (epoch % validation.every == 0 or epoch == epochs or is_last)


def is_measured(history: Sequence[Mapping[str, float]]) -> bool:
    """Whether the last epoch of a history was."""
    return bool(history) and any(name.startswith(PREFIX) for name in history[-1])


def finite(scores: Mapping[str, float], validation: Validation) -> dict[str, float]:
    """The scores that have headings, as a history holds them."""
    return {
        f"{PREFIX}{name}": float(scores[name])
        for name in validation.headings
        if scores.get(name) is not None and math.isfinite(scores[name])
    }


def best_epoch(history: Sequence[Mapping[str, float]], score: str) -> int | None:
    """The epoch, from 1, with the highest score; of equal ones the first. None without any."""
    found = [
        (summary[PREFIX + score], -epoch)
        for epoch, summary in enumerate(history, start=1)
        if PREFIX + score in summary
    ]
    return -max(found)[1] if found else None


def keep_best(run: RunDirectory) -> None:
    """Copy the last checkpoint to the place of the best one; an interruption leaves the old one."""
    with run.last.checkpoint.open("rb") as source, atomic_file(run.best.checkpoint) as target:
        shutil.copyfileobj(source, target)

"""How training looks on a terminal, and in a log file: in 80 columns, whatever the methods log."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bireid_deploy.cli.console import message
from bireid_deploy.recipes.terms import logged_terms
from bireid_deploy.tasks import TASKS
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.validation import PREFIX

if TYPE_CHECKING:
    from rich.progress import Task

_LOSSES = 2
"""The total and one of the task: all others are in the record and in TensorBoard."""

_WIDTH = 80
_BESIDE = 47
"""Columns of a line that epoch, bar, time left, speed and what parts them take."""


class Figures:
    """What a line says of a step or an epoch.

    Args:
        losses: In the order of their importance; the first two that a run has are shown.
        also: Terms that are shown beside the total, as far as there is room, instead of losses.
        headings: Of the scores of a validation.
    """

    def __init__(
        self, losses: Sequence[str], also: Sequence[str], headings: Mapping[str, str]
    ) -> None:
        self._losses = losses
        self._also = also
        self._headings = headings

    def terms(self, terms: Mapping[str, float], width: int = _WIDTH) -> str:
        """Two losses, or the total and what else was asked for, in a line of `width` columns."""
        losses = [name for name in self._losses if name in terms]
        if not self._also:
            return "  ".join(_figure(name, terms[name]) for name in losses[:_LOSSES])
        said = "  ".join(_figure(name, terms[name]) for name in losses[:1])
        for name in self._also:
            longer = f"{said}  {_figure(name, terms[name])}" if name in terms else said
            if len(longer) <= width - _BESIDE:
                said = longer
        return said

    def validation(self, epoch: int, summary: Mapping[str, float]) -> str:
        """A line with the first score of the validation; empty in an epoch without one."""
        for name, heading in self._headings.items():
            if PREFIX + name in summary:
                return f"epoch {epoch}: validation {heading} {100 * summary[PREFIX + name]:.1f}"
        return ""


class LogReporter:
    """One line per epoch, for logs and pipes."""

    def __init__(self, epochs: int, figures: Figures) -> None:
        self._epochs = epochs
        self._figures = figures
        self._began = time.perf_counter()
        self._done = 0

    def step(self, epoch: int, batch: int, batches: int, terms: dict[str, float]) -> None:
        """Nothing: a log has no room for steps."""

    def epoch(self, epoch: int, summary: dict[str, float]) -> None:
        """One line."""
        self._done += 1
        left = (time.perf_counter() - self._began) / self._done * (self._epochs - epoch)
        parts = [
            f"epoch {epoch}/{self._epochs}",
            self._figures.terms(summary),
            f"{summary['images_per_second']:.0f} images/s",
            *([f"{_clock(left)} left"] if epoch < self._epochs else []),
        ]
        message("  ".join(parts))
        if found := self._figures.validation(epoch, summary):
            message(found)


class BarReporter:
    """A progress bar over the whole run: epoch, bar, time left, losses, images per second."""

    def __init__(self, epochs: int, figures: Figures, images_per_batch: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
        from rich.text import Text

        class Left(ProgressColumn):
            """Time to the end, `-:--` until two steps say how fast it goes."""

            max_refresh = 0.5

            def render(self, task: "Task") -> Text:
                left = task.time_remaining
                return Text("-:--" if left is None else _clock(left))

        self._epochs = epochs
        self._figures = figures
        self._images = images_per_batch
        self._last = time.perf_counter()
        # The bar takes what the others leave.
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:.0f}%"),
            Left(),
            TextColumn("{task.fields[terms]}"),
            TextColumn("{task.fields[speed]:.0f} images/s"),
            console=Console(stderr=True),
            expand=True,
        )
        self._task = self._bar.add_task("train", total=None, epoch="", speed=0.0, terms="")

    def __enter__(self) -> "BarReporter":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self, epoch: int, batch: int, batches: int, terms: dict[str, float]) -> None:
        """Move the bar."""
        now = time.perf_counter()
        speed, self._last = self._images / (now - self._last), now
        self._bar.update(
            self._task,
            completed=epoch * batches + batch,
            total=self._epochs * batches,
            epoch=f"{epoch + 1}/{self._epochs}",
            speed=speed,
            terms=self._figures.terms(terms, self._bar.console.width),
        )

    def epoch(self, epoch: int, summary: dict[str, float]) -> None:
        """A line above the bar if the epoch was measured."""
        if found := self._figures.validation(epoch, summary):
            self._bar.console.print(found, highlight=False)


@contextmanager
def training_reporter(
    recipe: Recipe, also: Sequence[str] = ()
) -> Iterator[LogReporter | BarReporter]:
    """The reporter that fits where stderr goes; `also` are terms that the recipe knows not of."""
    epochs = recipe.optimizer.epochs
    losses = [term.name for term in logged_terms(recipe) if term.is_loss]
    figures = Figures(losses, also, TASKS[recipe.task].scores)
    if not sys.stderr.isatty():
        yield LogReporter(epochs, figures)
        return
    with BarReporter(epochs, figures, recipe.batch.images) as reporter:
        yield reporter


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _figure(name: str, value: float) -> str:
    """A name and at most six characters."""
    number = f"{value:.3g}"
    return f"{name.replace('_', ' ')} {number if len(number) <= 6 else f'{value:.0e}'}"

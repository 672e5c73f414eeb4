"""How training looks on a terminal, and in a log file."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from bireid_deploy.cli.console import message
from bireid_deploy.recipes.terms import logged_terms
from bireid_deploy.training.recipe import Recipe


class LogReporter:
    """One line per epoch, for logs and pipes."""

    def __init__(self, epochs: int, shown: Sequence[str]) -> None:
        self._epochs = epochs
        self._shown = shown

    def step(self, epoch: int, batch: int, batches: int, terms: dict[str, float]) -> None:
        """Nothing: a log has no room for steps."""

    def epoch(self, epoch: int, summary: dict[str, float]) -> None:
        """One line."""
        message(f"epoch {epoch}/{self._epochs}  {_line(summary, self._shown)}")


class BarReporter:
    """A progress bar over the whole run with loss terms, images per second and time left."""

    def __init__(self, epochs: int, shown: Sequence[str], images_per_batch: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._epochs = epochs
        self._shown = shown
        self._images = images_per_batch
        self._last = time.perf_counter()
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[speed]:.0f} images/s  {task.fields[terms]}"),
            console=Console(stderr=True),
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
            terms=_line(terms, self._shown, speed=False),
        )

    def epoch(self, epoch: int, summary: dict[str, float]) -> None:
        """Nothing: the bar shows it."""


@contextmanager
def training_reporter(
    recipe: Recipe, also: Sequence[str] = ()
) -> Iterator[LogReporter | BarReporter]:
    """The reporter that fits where stderr goes; `also` are terms that the recipe knows not of."""
    epochs = recipe.optimizer.epochs
    shown = [*(term.name for term in logged_terms(recipe) if term.shown), *also]
    if not sys.stderr.isatty():
        yield LogReporter(epochs, shown)
        return
    with BarReporter(epochs, shown, recipe.batch.images) as reporter:
        yield reporter


def _line(terms: Mapping[str, float], shown: Sequence[str], speed: bool = True) -> str:
    parts = [f"{name.replace('_', ' ')} {terms[name]:.3g}" for name in shown if name in terms]
    if speed:
        parts.append(f"{terms['images_per_second']:.0f} images/s")
    return "  ".join(parts)

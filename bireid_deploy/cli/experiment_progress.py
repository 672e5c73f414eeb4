"""How an experiment looks on a terminal, and in a log file."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bireid_deploy.cli.console import message

if TYPE_CHECKING:
    from bireid_deploy.experiments.plan import PlannedRun


class LogReporter:
    """Every line of every training, for logs and pipes."""

    def __init__(self, runs: int) -> None:
        self._runs = runs
        self._finished = 0

    def line(self, run: "PlannedRun", text: str) -> None:
        """One line, opened by the run."""
        message(f"{run.key}: {text}")

    def epochs(self, run: "PlannedRun", done: int) -> None:
        """Nothing: the training's own line says it."""

    def finished(self, run: "PlannedRun", record: dict[str, Any]) -> None:
        """One line."""
        self._finished += 1
        message(finished_line(run, record, self._finished, self._runs))


class BarReporter:
    """A bar over all epochs of the grid with the time left; a line for every finished run."""

    def __init__(self, runs: Sequence["PlannedRun"], epochs_done: dict[str, int]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._runs = len(runs)
        self._finished = 0
        self._epochs = {run.key: epochs_done.get(run.key, 0) for run in runs}
        self._bar = Progress(
            TextColumn("{task.fields[finished]} runs"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[now]}"),
            console=Console(stderr=True),
            # An epoch may take minutes.
            speed_estimate_period=3600,
        )
        self._task = self._bar.add_task(
            "experiment",
            total=sum(run.recipe.optimizer.epochs for run in runs),
            completed=sum(self._epochs.values()),
            finished=f"0/{self._runs}",
            now="",
        )

    def __enter__(self) -> "BarReporter":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def line(self, run: "PlannedRun", text: str) -> None:
        """Nothing: the bar shows it."""

    def epochs(self, run: "PlannedRun", done: int) -> None:
        """Move the bar."""
        self._epochs[run.key] = done
        now = f"{run.key} epoch {done}/{run.recipe.optimizer.epochs}"
        self._bar.update(self._task, completed=sum(self._epochs.values()), now=now)

    def finished(self, run: "PlannedRun", record: dict[str, Any]) -> None:
        """One line above the bar."""
        self._finished += 1
        self._bar.console.print(
            finished_line(run, record, self._finished, self._runs), markup=False, highlight=False
        )
        self._bar.update(self._task, finished=f"{self._finished}/{self._runs}")


@contextmanager
def experiment_reporter(
    runs: Sequence["PlannedRun"], epochs_done: dict[str, int]
) -> Iterator[LogReporter | BarReporter]:
    """The reporter that fits where stderr goes."""
    if not sys.stderr.isatty():
        yield LogReporter(len(runs))
        return
    with BarReporter(runs, epochs_done) as reporter:
        yield reporter


def finished_line(run: "PlannedRun", record: dict[str, Any], number: int, runs: int) -> str:
    """Which run of how many, and its main score."""
    from bireid_deploy.experiments.summary import scores_of

    name, heading = next(iter(scores_of(record["data"]["kind"]).items()))
    score = 100 * record["metrics"][name]
    return f"{number}/{runs}  {run.key}: {heading} {score:.1f}, {record['seconds']:.0f} s"

"""Trains and measures the runs of a grid, each as a person would type it."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bireid_runtime.errors import BireidError

from bireid_deploy.errors import TrainingInterruptedError
from bireid_deploy.experiments.data import ExperimentData
from bireid_deploy.experiments.folder import ExperimentFolder
from bireid_deploy.experiments.plan import FinishedRun, PlannedRun
from bireid_deploy.experiments.processes import ProcessError, Processes
from bireid_deploy.experiments.record import machine, metrics_of, training_summary, write_json
from bireid_deploy.recipes.terms import logged_terms

_EXIT_USAGE = 2


class RunReporter(Protocol):
    """Who is told how the runs go; the command line draws a bar."""

    def line(self, run: PlannedRun, text: str) -> None:
        """A training or an evaluation said something."""

    def epochs(self, run: PlannedRun, done: int) -> None:
        """A training has done so many epochs."""

    def finished(self, run: PlannedRun, record: dict[str, Any]) -> None:
        """A run was trained and measured."""


@dataclass(frozen=True)
class Failure:
    """A run that has no record.

    Attributes:
        run: Which.
        code: Exit code that stands for the failure.
        reason: The last line that its process said, or all lines if it met a bug.
    """

    run: PlannedRun
    code: int
    reason: str


class GridRunner:
    """Trains and measures runs, and writes their records.

    Every run is `bireid-deploy train` and then `bireid-deploy evaluate` in processes of their own:
    TensorFlow keeps its memory until a process ends, and repeatability is a setting of a process.

    Args:
        grid_name: Name for the records.
        folder: Where runs and records go.
        lock: File descriptor of the folder's lock, which must be held.
        data: What to train and to measure on.
        reporter: Who is told.
        jobs: Runs at a time.
    """

    def __init__(
        self,
        grid_name: str,
        folder: ExperimentFolder,
        lock: int,
        data: ExperimentData,
        reporter: RunReporter,
        jobs: int = 1,
    ) -> None:
        self._grid_name = grid_name
        self._folder = folder
        self._data = data
        self._reporter = reporter
        self._jobs = jobs
        self._processes = Processes(lock)
        self._failures: list[Failure] = []
        self._unfinished: set[str] = set()

    def run(self, runs: Sequence[PlannedRun]) -> list[Failure]:
        """Train and measure runs, each after those it requires; an unfinished one continues.

        A failure stops nothing but the runs that require the failed one.

        Returns:
            The failures.

        Raises:
            TrainingInterruptedError: Ctrl-C, after the trainings saved their checkpoints.
        """
        asyncio.run(self._run_all(list(runs)))
        if self._processes.interrupted:
            raise TrainingInterruptedError(
                f"interrupted; {self._folder.path} keeps everything: the same command continues"
            )
        return self._failures

    async def _run_all(self, waiting: list[PlannedRun]) -> None:
        active: set[asyncio.Task[None]] = set()
        self._unfinished = {run.key for run in waiting}
        with self._processes.interruptible():
            while not self._processes.interrupted:
                ready = [run for run in waiting if not self._unfinished.intersection(run.requires)]
                for run in ready[: self._jobs - len(active)]:
                    waiting.remove(run)
                    active.add(asyncio.create_task(self._attempt(run)))
                if not active:
                    break
                await self._finish_one(active)
            while active:
                await self._finish_one(active)
        if not self._processes.interrupted:
            reason = "not started, because a run that it starts from failed"
            self._failures += [Failure(run, _EXIT_USAGE, reason) for run in waiting]

    async def _finish_one(self, active: set[asyncio.Task[None]]) -> None:
        done, _ = await asyncio.wait(active, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            active.remove(task)
            task.result()

    async def _attempt(self, run: PlannedRun) -> None:
        try:
            await self._train(run)
            record = await self._measure(run)
        except BireidError as error:
            if not self._processes.interrupted:
                code = error.code if isinstance(error, ProcessError) else _EXIT_USAGE
                self._failures.append(Failure(run, code, str(error)))
            return
        self._unfinished.discard(run.key)
        self._reporter.finished(run, record)

    async def _train(self, run: PlannedRun) -> None:
        directory = self._folder.run(run.key)
        arguments = ["train", str(run.recipe_path), "--data", str(self._data.root)]
        arguments += ["--out", str(directory.path)]
        for override in run.overrides:
            arguments += ["--set", override]
        for option, origin in (("--init", run.initial), ("--teacher", run.teacher)):
            if origin is not None:
                arguments += [option, str(self._run_of(origin))]
        write_json(self._folder.started(run.key), run.identity(self._data).to_json())
        if directory.record_path.exists():
            if directory.read_record()["finished"]:
                return
            arguments.append("--resume")

        def on_line(text: str) -> None:
            self._reporter.line(run, text)
            # A training writes its record before it reports an epoch.
            if directory.record_path.exists():
                self._reporter.epochs(run, len(directory.read_record()["history"]))

        await self._processes.run(arguments, on_line)

    async def _measure(self, run: PlannedRun) -> dict[str, Any]:
        directory = self._folder.run(run.key)
        output = await self._processes.run(
            ["evaluate", str(directory.path), "--data", str(self._data.root), "--json"],
            lambda text: self._reporter.line(run, text),
        )
        record = {
            "grid": self._grid_name,
            "run": run.entry.name,
            "label": run.entry.title,
            "seed": run.seed,
            **run.identity(self._data).to_json(),
            "machine": machine(),
            "metrics": metrics_of(json.loads(output)),
            **training_summary(
                directory.read_record(),
                run.recipe.batch.images,
                [term.name for term in logged_terms(run.recipe)],
            ),
        }
        write_json(self._folder.result(run.key), record)
        self._folder.started(run.key).unlink()
        return record

    def _run_of(self, origin: PlannedRun | FinishedRun) -> str:
        if isinstance(origin, FinishedRun):
            return str(origin.run)
        return str(self._folder.run(origin.key).path)

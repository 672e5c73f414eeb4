"""The loop of a search: batches of both halves in, checkpoints and a record out."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bireid_models.backbones.cdnet_architecture import write_architecture

from bireid_deploy.errors import DivergenceError, TrainingError, TrainingInterruptedError
from bireid_deploy.search.directory import SearchDirectory
from bireid_deploy.search.step import SearchStep
from bireid_deploy.training.batches import Batch
from bireid_deploy.training.checkpoint import load_checkpoint, save_checkpoint
from bireid_deploy.training.interruption import interruption
from bireid_deploy.training.loop_state import LoopState
from bireid_deploy.training.optimizers import schedule_factor
from bireid_deploy.training.recipe import Recipe, differences
from bireid_deploy.training.reporter import Reporter
from bireid_deploy.training.task_step import BatchSource

_ALPHA = "alpha"


class Searcher:
    """Runs one search into one directory.

    Args:
        recipe: What to search.
        step: The iteration, with the supernet in it.
        batches: What the weights learn from.
        held: What the alphas learn from; gone through again where an epoch has fewer batches.
        data: What the record says about the data.
        latency: The table of latencies as JSON, if it is weighed.
        directory: Where to.
        reporter: Who is told.
    """

    def __init__(
        self,
        recipe: Recipe,
        step: SearchStep,
        batches: BatchSource,
        held: BatchSource,
        data: Mapping[str, Any],
        latency: Mapping[str, Any] | None,
        directory: SearchDirectory,
        reporter: Reporter,
    ) -> None:
        self._recipe = recipe
        self._step = step
        self._batches = batches
        self._held = held
        self._data = dict(data)
        self._latency = None if latency is None else dict(latency)
        self._directory = directory
        self._reporter = reporter
        self._state = LoopState()

    def search(self, resume: bool = False) -> list[dict[str, float]]:
        """Search to the last epoch.

        Returns:
            The history, one summary per epoch; `alpha/PLACE/CHOICE` are the alphas at its end.

        Raises:
            DivergenceError: A term became NaN or infinite; the last checkpoint is kept.
            TrainingInterruptedError: Ctrl-C; a checkpoint was saved first.
            TrainingError: The search exists already, or cannot be resumed.
        """
        if resume:
            self._resume()
        else:
            self._directory.create()
            self._save()
        with interruption() as interrupted:
            while self._state.epoch < self._recipe.optimizer.epochs:
                self._search_epoch(interrupted)
        return self._state.history

    def _search_epoch(self, interrupted: Callable[[], bool]) -> None:
        state, options = self._state, self._recipe.optimizer
        self._step.supernet.network.set_progress(state.epoch / options.epochs)
        start = time.perf_counter()
        pairs = zip(
            self._batches.epoch(state.epoch, state.batch),
            _again_and_again(self._held, state.epoch, state.batch),
            strict=False,
        )
        for batch, held in pairs:
            moment = state.epoch + batch.index / batch.count
            self._step.weights.optimizers.set_factor(
                schedule_factor(
                    moment,
                    options.epochs,
                    options.warmup_epochs,
                    options.schedule,
                    options.milestones,
                )
            )
            self._step.set_epoch(moment)
            terms = self._step(batch, held, state.step)
            self._require_finite(terms)
            end = time.perf_counter()
            state.add(terms, len(batch.images) + len(held.images), end - start)
            start = end
            self._reporter.step(state.epoch, batch.index + 1, batch.count, terms)
            if interrupted():
                self._save()
                raise TrainingInterruptedError(
                    f"interrupted at step {state.step}; saved {self._directory.checkpoint}: "
                    "continue with --resume"
                )
        summary = state.end_epoch(self._alphas())
        self._save()
        self._reporter.epoch(state.epoch, summary)

    def _alphas(self) -> dict[str, float]:
        supernet = self._step.supernet
        return {
            f"{_ALPHA}/{number}/{choice}": float(alpha)
            for number, place in enumerate(supernet.places, start=1)
            for choice, alpha in zip(supernet.candidates, place.alpha.numpy(), strict=True)
        }

    def _require_finite(self, terms: Mapping[str, float]) -> None:
        for name, value in terms.items():
            if not math.isfinite(value):
                raise DivergenceError(
                    f"{name} became {value} at step {self._state.step} (epoch "
                    f"{self._state.epoch + 1}); lower optimizer.kernel_rate and "
                    "optimizer.other_rate. "
                    f"{self._directory.checkpoint} holds the last good state"
                )

    def _save(self) -> None:
        save_checkpoint(self._directory.checkpoint, self._step.variables(), self._state.to_json())
        self._write_record()

    def _write_record(self) -> None:
        self._directory.write_record(
            {
                "recipe": self._recipe.model_dump(),
                "data": self._data,
                "latency": self._latency,
                "finished": self._state.epoch >= self._recipe.optimizer.epochs,
                "history": self._state.history,
                "architecture": write_architecture(self._step.supernet.architecture()),
            }
        )

    def _resume(self) -> None:
        record = self._directory.read_record()
        where = self._directory.path
        before = type(self._recipe).parse(record["recipe"], str(self._directory.record_path))
        if changed := differences(before, self._recipe):
            raise TrainingError(
                f"{where}: cannot resume with another recipe; changed: {', '.join(changed)}; leave "
                "out recipe and overrides to continue with its own"
            )
        if record["data"] != self._data:
            raise TrainingError(f"{where}: cannot resume on another data set")
        if record["latency"] != self._latency:
            raise TrainingError(f"{where}: cannot resume with another table of latencies")
        state = load_checkpoint(self._directory.checkpoint, self._step.variables())
        self._state = LoopState.from_json(state, str(self._directory.checkpoint))
        # Whoever is killed between checkpoint and record leaves an older record.
        self._write_record()


def alphas_of(summary: Mapping[str, float]) -> list[dict[str, float]]:
    """The alphas in a summary of the history: for each place, alpha by choice."""
    places: dict[int, dict[str, float]] = {}
    for name, value in summary.items():
        kind, _, rest = name.partition("/")
        if kind == _ALPHA:
            number, _, choice = rest.partition("/")
            places.setdefault(int(number), {})[choice] = value
    return [places[number] for number in sorted(places)]


def _again_and_again(source: BatchSource, epoch: int, first: int) -> Iterator[Batch]:
    """The batches of an epoch in a circle, from the place that the `first`-th turn has reached."""
    count = next(source.epoch(epoch)).count
    yield from source.epoch(epoch, first % count)
    while True:
        yield from source.epoch(epoch)

"""The training loop: batches in, checkpoints and a record out."""

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bireid_models.layers import latent_layers
from bireid_models.network import build_network
from bireid_models.surrogates import Progressive

from bireid_deploy.errors import DivergenceError, TrainingError, TrainingInterruptedError
from bireid_deploy.training.batch_statistics import estimate_statistics
from bireid_deploy.training.batches import Batch
from bireid_deploy.training.checkpoint import load_checkpoint, save_checkpoint
from bireid_deploy.training.curriculum import Curriculum
from bireid_deploy.training.initialisation import initialise_from, is_of_others
from bireid_deploy.training.interruption import interruption
from bireid_deploy.training.loop_state import LoopState
from bireid_deploy.training.methods import enabled_methods, require_teacher, teacher_origin
from bireid_deploy.training.methods.base import Interlude, MethodContext
from bireid_deploy.training.optimizers import initialise_alphas, schedule_factor
from bireid_deploy.training.recipe import Recipe, differences
from bireid_deploy.training.repeatability import make_repeatable
from bireid_deploy.training.reporter import Reporter
from bireid_deploy.training.run_directory import RunDirectory
from bireid_deploy.training.step import TrainingStep
from bireid_deploy.training.task_step import NamedItems, TaskData, TrainableTask
from bireid_deploy.training.tensorboard import Board
from bireid_deploy.training.validation import (
    Validation,
    best_epoch,
    finite,
    is_due,
    is_measured,
    keep_best,
)
from bireid_deploy.training.workers.replica_network import prepare_replica
from bireid_deploy.training.workers.replicas import ALONE, Replicas
from bireid_deploy.training.workers.share import share_of

# Batches that the statistics of a network are estimated from which starts with weights of others.
START_BATCHES = 20


class Trainer:
    """Trains one recipe on one data set into one run directory.

    Seeds everything from the recipe: on the same machine and versions the same recipe and data
    give the same weights, interrupted or not.

    Args:
        recipe: What to train.
        task: What it learns.
        data: The training split, as the task loads it.
        run: Where to.
        reporter: Who is told.
        initial: A run or checkpoint whose network weights to start from.
        teacher: What to learn from, if a method of the recipe wants a teacher: a run, and for
            distillation also a bundle, a teacher's cache, or a checkpoint that `import` knows.
        validation: What measures the network between epochs, on data that it does not train on.
        replicas: Who trains the same network on other machines; all make the same calls, and the
            first one alone writes into the run directory, which all can read.

    Raises:
        TrainingError: The data are too few, `initial` or `teacher` does not fit the recipe, or one
            of the recipe and the call names a teacher and the other does not.
    """

    def __init__(
        self,
        recipe: Recipe,
        task: TrainableTask,
        data: TaskData,
        run: RunDirectory,
        reporter: Reporter,
        initial: Path | None = None,
        teacher: Path | None = None,
        validation: Validation | None = None,
        replicas: Replicas = ALONE,
    ) -> None:
        require_teacher(recipe, teacher is not None)
        make_repeatable(recipe.seed, recipe.repeatable)
        self.recipe = recipe
        self.run = run
        self._data = data
        self._reporter = reporter
        self._replicas = replicas
        # The others wait for the chief where they next meet.
        self._validation = validation if self._is_chief else None
        self._origin: dict[str, Any] = {
            "initial": None if initial is None else initial.name,
            "teacher": teacher_origin(recipe, teacher),
        }
        self.network = build_network(recipe.network.config())
        options = recipe.optimizer
        initialise_alphas(latent_layers(self.network.model), options.alpha_init, recipe.seed)
        part = task.step(recipe, self.network, data)
        batches = task.batches(recipe, data)
        if initial is not None:
            initialise_from(self.network, initial, options, recipe.seed)
            if is_of_others(initial):
                first = itertools.islice(batches.epoch(0), START_BATCHES)
                estimate_statistics(self.network.features, (batch.images for batch in first))
        items = data if isinstance(data, NamedItems) and data.names else None
        context = MethodContext(recipe, self.network, data.description, teacher, items)
        methods = [method.build(context) for method in enabled_methods(recipe)]
        prepare_replica(self.network.features, replicas, recipe.batch.sync_batch_norm)
        self._step = TrainingStep(self.network, part, methods, recipe, replicas)
        self._curriculum = part if isinstance(part, Curriculum) else None
        self._batches = share_of(batches, replicas)
        self._state = LoopState()

    def train(
        self, resume: bool = False, on_begun: Callable[[], None] = lambda: None
    ) -> list[dict[str, float]]:
        """Train to the last epoch, or until a curriculum has nothing left to teach.

        Args:
            resume: Whether to go on where the run was interrupted.
            on_begun: Called once nothing speaks against the run any more.

        Returns:
            The history, one summary per epoch.

        Raises:
            DivergenceError: A term became NaN or infinite; the last checkpoint is kept.
            TrainingInterruptedError: Ctrl-C; a checkpoint was saved first.
            TrainingError: The run exists already, or cannot be resumed.
            ClusterError: Another replica has gone; the last checkpoint is kept.
        """
        with self._replicas.guarded():
            self._begin(resume)
            on_begun()
            headings = {} if self._validation is None else self._validation.headings
            board = Board(self.run.tensorboard, headings) if self._is_chief else None
            with interruption() as interrupted:
                # Of a run that was killed between the end of an epoch and its measurement.
                self._validate()
                while not self._finished():
                    self._train_epoch(lambda: self._replicas.agree(interrupted()), board)
            self._wait_for_chief()
        return self._state.history

    @property
    def _is_chief(self) -> bool:
        return self._replicas.rank == 0

    def _begin(self, resume: bool) -> None:
        if resume:
            self._resume()
        elif self._is_chief:
            self.run.create()
        # All have read a checkpoint before the chief replaces it.
        self._replicas.share(self._step.variables())
        if not resume:
            self._save()

    def _wait_for_chief(self) -> None:
        """Nobody leaves before everything is written."""
        self._replicas.agree(False)

    def advice(self) -> list[str]:
        """What the methods say about the run so far, a line each; empty if all went well."""
        said = [method.advice(self._state.history) for method in self._step.methods]
        return [line for line in said if line is not None]

    def _train_epoch(self, interrupted: Callable[[], bool], board: Board | None) -> None:
        state, options = self._state, self.recipe.optimizer
        self._set_progress(state.epoch / options.epochs)
        if self._curriculum is not None and state.batch == 0:
            self._curriculum.begin_epoch(state.epoch)
        start = time.perf_counter()
        for batch in self._batches.epoch(state.epoch, state.batch):
            self._set_rates(state.epoch + batch.index / batch.count)
            if batch.index == 0 and board is not None:
                board.crops(state.epoch + 1, batch.images)
            terms = self._step(batch.images, batch.targets, state.step, batch.origins)
            self._require_finite(terms)
            end = time.perf_counter()
            state.add(terms, len(batch.images) * self._replicas.count, end - start)
            start = end
            self._reporter.step(state.epoch, batch.index + 1, batch.count, terms)
            if interrupted():
                self._save()
                self._wait_for_chief()
                raise self._interrupted()
        self._interlude(interrupted)
        summary = state.end_epoch(None if self._curriculum is None else self._curriculum.figures())
        self._save()
        self._validate()
        if board is not None:
            board.epoch(state.epoch, summary, self._step.optimizers.current_rates())
        self._reporter.epoch(state.epoch, summary)

    def _set_progress(self, fraction: float) -> None:
        self.network.set_progress(fraction)
        for method in self._step.methods:
            if isinstance(method, Progressive):
                method.set_progress(fraction)

    def _set_rates(self, moment: float) -> None:
        options = self.recipe.optimizer
        self._step.optimizers.set_factor(
            schedule_factor(
                moment,
                options.epochs,
                options.warmup_epochs,
                options.schedule,
                options.milestones,
            )
        )

    def _interrupted(self) -> TrainingInterruptedError:
        return TrainingInterruptedError(
            f"interrupted at step {self._state.step}; saved {self.run.checkpoint}: continue "
            "with --resume"
        )

    def _interlude(self, interrupted: Callable[[], bool]) -> None:
        """What methods do after the batches of an epoch, at the rates of its middle."""
        methods = [each for each in self._step.methods if isinstance(each, Interlude)]
        if not methods:
            return
        # Who is interrupted in an interlude begins it again.
        self._save()
        self._set_rates(self._state.epoch + 0.5)
        for number, method in enumerate(methods):
            method.after_epoch(
                self._interlude_batches(number, interrupted),
                lambda batch: self._step.descend_others(batch.images, batch.targets, batch.origins),
            )

    def _interlude_batches(self, number: int, interrupted: Callable[[], bool]) -> Iterator[Batch]:
        """The batches of an epoch that is never trained."""
        epochs = self.recipe.optimizer.epochs
        for batch in self._batches.epoch(epochs * (1 + number) + self._state.epoch):
            if interrupted():
                raise self._interrupted()
            yield batch

    def _must_validate(self) -> bool:
        state = self._state
        if self._validation is None or state.batch or is_measured(state.history):
            return False
        epochs = self.recipe.optimizer.epochs
        return is_due(self._validation, state.epoch, epochs, self._finished())

    def _validate(self) -> None:
        """Measure the network if it is time, and keep its checkpoint if none was better.

        The checkpoint of the epoch lies on the disk by then, without the scores: a run that is
        killed meanwhile measures again.
        """
        if self._validation is None or not self._must_validate():
            return
        history = self._state.history
        scores = self._validation.measure(self.run.last, self.network)
        history[-1].update(finite(scores, self._validation))
        if best_epoch(history, next(iter(self._validation.headings))) == len(history):
            keep_best(self.run)
        self._save()

    def _finished(self) -> bool:
        state = self._state
        if state.epoch >= self.recipe.optimizer.epochs:
            return True
        return self._curriculum is not None and self._curriculum.is_done(state.history)

    def _require_finite(self, terms: Mapping[str, float]) -> None:
        for name, value in terms.items():
            if not math.isfinite(value):
                raise DivergenceError(
                    f"{name} became {value} at step {self._state.step} (epoch "
                    f"{self._state.epoch + 1}); lower optimizer.kernel_rate and "
                    "optimizer.other_rate, or the term's weight. "
                    f"{self.run.checkpoint} holds the last good state"
                )

    def _save(self) -> None:
        if not self._is_chief:
            return
        state = self._state
        save_checkpoint(self.run.checkpoint, self._step.variables(), state.to_json())
        self._write_record()

    def _write_record(self) -> None:
        state = self._state
        self.run.write_record(
            {
                "recipe": self.recipe.model_dump(),
                "data": self._data.description,
                **self._origin,
                "workers": self._replicas.count,
                "finished": self._finished() and not self._must_validate(),
                "steps": state.step,
                "history": state.history,
            }
        )

    def _resume(self) -> None:
        record = self.run.read_record()
        before = type(self.recipe).parse(record["recipe"], str(self.run.record_path))
        if changed := differences(before, self.recipe):
            raise TrainingError(
                f"{self.run.path}: cannot resume with another recipe; changed: "
                f"{', '.join(changed)}; "
                "leave out recipe and overrides to continue with its own"
            )
        if record["data"] != self._data.description:
            raise TrainingError(f"{self.run.path}: cannot resume on another data set")
        if record["teacher"] != self._origin["teacher"]:
            raise TrainingError(
                f"{self.run.path}: cannot resume with another teacher; it was started with "
                f"{_named(record['teacher'])}"
            )
        if (workers := record.get("workers", 1)) != self._replicas.count:
            raise TrainingError(
                f"{self.run.path}: cannot resume with {self._replicas.count} workers; it was "
                f"started with {workers}"
            )
        self._origin["initial"] = record["initial"]
        state = load_checkpoint(self.run.checkpoint, self._step.variables())
        self._state = LoopState.from_json(state, str(self.run.checkpoint))
        # Whoever is killed between checkpoint and record leaves an older record.
        if self._is_chief:
            self._write_record()


def _named(teacher: dict[str, str] | str | None) -> str:
    if teacher is None:
        return "none"
    if isinstance(teacher, str):
        return f"{teacher!r}, of whose weights its record, of an older version, says nothing"
    return f"{teacher['run']!r} ({teacher['checkpoint'][:19]})"

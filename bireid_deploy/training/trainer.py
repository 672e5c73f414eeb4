"""The training loop: batches in, checkpoints and a record out."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Protocol

import numpy as np
from bireid_models.framework import keras, tf
from bireid_models.layers import binary_layers
from bireid_models.network import build_network
from bireid_runtime.preprocess import Preprocess

from bireid_deploy.data.augmentation import Augmentation
from bireid_deploy.data.sampling import IdentitySampler, ShuffledSampler
from bireid_deploy.errors import DivergenceError, TrainingError, TrainingInterruptedError
from bireid_deploy.training.batches import BatchSource, Sampler
from bireid_deploy.training.checkpoint import load_checkpoint, load_network, save_checkpoint
from bireid_deploy.training.optimizers import initialise_alphas, schedule_factor
from bireid_deploy.training.recipe import Recipe, differences
from bireid_deploy.training.repeatability import make_repeatable
from bireid_deploy.training.run_directory import RunDirectory
from bireid_deploy.training.step import TrainingStep
from bireid_deploy.training.training_data import TrainingData


class Reporter(Protocol):
    """Who is told how training goes; the command line draws a progress bar."""

    def step(self, epoch: int, batch: int, batches: int, terms: dict[str, float]) -> None:
        """A step ended."""

    def epoch(self, epoch: int, summary: dict[str, float]) -> None:
        """An epoch ended; `summary` holds the mean of every term and `images_per_second`."""


class Trainer:
    """Trains one recipe on one data set into one run directory.

    Seeds everything from the recipe: on the same machine and versions the same recipe and data
    give the same weights, interrupted or not.

    Args:
        recipe: What to train.
        data: The training split.
        run: Where to.
        reporter: Who is told.
        initial: A run or checkpoint whose network weights to start from.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: TrainingData,
        run: RunDirectory,
        reporter: Reporter,
        initial: Path | None = None,
    ) -> None:
        make_repeatable(recipe.seed, recipe.repeatable)
        self.recipe = recipe
        self.run = run
        self._data = data
        self._reporter = reporter
        self._initial = initial
        identities = int(data.labels.max()) + 1
        self.network = build_network(recipe.network.config())
        initialise_alphas(
            binary_layers(self.network.model), recipe.optimizer.alpha_init, recipe.seed
        )
        classifier = keras.layers.Dense(
            identities,
            use_bias=False,
            kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3),
            name="classifier",
        )
        classifier.build((None, self.network.model.output_shape[-1]))
        if initial is not None:
            load_network(
                initial / "checkpoint.npz" if initial.is_dir() else initial, self.network.model
            )
        self._step = TrainingStep(self.network, classifier, recipe)
        self._batches = BatchSource(
            data.pixels,
            data.labels,
            _sampler(recipe, data.labels),
            Augmentation(
                flip_probability=recipe.augmentation.flip,
                pad=recipe.augmentation.pad,
                erasing_probability=recipe.augmentation.erasing,
            ),
            Preprocess(recipe.network.input_height, recipe.network.input_width),
            recipe.seed,
        )
        self._state = _LoopState()

    def train(self, resume: bool = False) -> list[dict[str, float]]:
        """Train to the last epoch.

        Returns:
            The history, one summary per epoch.

        Raises:
            DivergenceError: A term became NaN or infinite; the last checkpoint is kept.
            TrainingInterruptedError: Ctrl-C; a checkpoint was saved first.
            TrainingError: The run exists already, or cannot be resumed.
        """
        if resume:
            self._resume()
        else:
            self.run.create()
            self._save()
        writer = tf.summary.create_file_writer(str(self.run.tensorboard))
        with _interruption() as interrupted, writer.as_default():
            while self._state.epoch < self.recipe.optimizer.epochs:
                self._train_epoch(interrupted)
        return self._state.history

    def _train_epoch(self, interrupted: Callable[[], bool]) -> None:
        state, options = self._state, self.recipe.optimizer
        start = time.perf_counter()
        for batch in self._batches.epoch(state.epoch, state.batch):
            moment = state.epoch + batch.index / batch.count
            self._step.optimizers.set_factor(
                schedule_factor(moment, options.epochs, options.warmup_epochs, options.schedule)
            )
            terms = self._step(batch.images, batch.labels, state.step)
            self._require_finite(terms)
            end = time.perf_counter()
            state.add(terms, len(batch.labels), end - start)
            start = end
            self._reporter.step(state.epoch, batch.index + 1, batch.count, terms)
            if interrupted():
                self._save()
                raise TrainingInterruptedError(
                    f"interrupted at step {state.step}; saved {self.run.checkpoint}: continue "
                    "with --resume"
                )
        summary = state.end_epoch()
        for name, value in summary.items():
            tf.summary.scalar(name, value, step=state.epoch)
        self._save()
        self._reporter.epoch(state.epoch, summary)

    def _require_finite(self, terms: dict[str, float]) -> None:
        for name, value in terms.items():
            if not math.isfinite(value):
                raise DivergenceError(
                    f"{name} became {value} at step {self._state.step} (epoch "
                    f"{self._state.epoch + 1}); lower the learning rates or the term's weight. "
                    f"{self.run.checkpoint} holds the last good state"
                )

    def _save(self) -> None:
        state = self._state
        save_checkpoint(self.run.checkpoint, self._step.variables(), vars(state))
        self.run.write_record(
            {
                "recipe": self.recipe.model_dump(),
                "data": self._data.description,
                "initial": None if self._initial is None else self._initial.name,
                "finished": state.epoch >= self.recipe.optimizer.epochs,
                "steps": state.step,
                "history": state.history,
            }
        )

    def _resume(self) -> None:
        changed = differences(self.run.read_recipe(), self.recipe)
        if changed:
            raise TrainingError(
                f"{self.run.path}: cannot resume with another recipe; changed: {', '.join(changed)}"
            )
        if self.run.read_record()["data"] != self._data.description:
            raise TrainingError(f"{self.run.path}: cannot resume on another data set")
        self._state = _LoopState(**load_checkpoint(self.run.checkpoint, self._step.variables()))


def _sampler(recipe: Recipe, labels: np.ndarray) -> Sampler:
    batch = recipe.batch
    if batch.sampling == "shuffled":
        return ShuffledSampler(
            len(labels), batch.identities * batch.images_per_identity, recipe.seed
        )
    return IdentitySampler(labels, batch.identities, batch.images_per_identity, recipe.seed)


class _LoopState:
    """Where the loop stands, and the sums of the epoch in progress."""

    def __init__(
        self,
        epoch: int = 0,
        batch: int = 0,
        step: int = 0,
        sums: dict[str, float] | None = None,
        images: int = 0,
        seconds: float = 0.0,
        history: list[dict[str, float]] | None = None,
    ) -> None:
        self.epoch = epoch
        self.batch = batch
        self.step = step
        self.sums = sums or {}
        self.images = images
        self.seconds = seconds
        self.history = history or []

    def add(self, terms: dict[str, float], images: int, seconds: float) -> None:
        for name, value in terms.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.batch += 1
        self.step += 1
        # The first step compiles the graph, so it says nothing about speed.
        if self.step > 1:
            self.images += images
            self.seconds += seconds

    def end_epoch(self) -> dict[str, float]:
        summary = {name: value / max(1, self.batch) for name, value in self.sums.items()}
        summary["images_per_second"] = self.images / self.seconds if self.seconds else 0.0
        self.history.append(summary)
        self.epoch, self.batch, self.sums, self.images, self.seconds = self.epoch + 1, 0, {}, 0, 0.0
        return summary


@contextmanager
def _interruption() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into a question the loop can ask between steps; the second one kills.

    Python takes signals in the main thread only; elsewhere the question is answered with no.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    seen = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        seen = True
        signal.signal(signal.SIGINT, previous)

    previous = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: seen
    finally:
        signal.signal(signal.SIGINT, previous)

"""The training loop: batches in, checkpoints and a record out."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from bireid_models.framework import keras, tf
from bireid_models.layers import binary_layers
from bireid_models.network import Network, build_network
from bireid_runtime.preprocess import Preprocess

from bireid_deploy.data.augmentation import Augmentation
from bireid_deploy.data.sampling import IdentitySampler, ShuffledSampler
from bireid_deploy.errors import DivergenceError, TrainingError, TrainingInterruptedError
from bireid_deploy.training.batches import BatchSource, Sampler
from bireid_deploy.training.checkpoint import load_checkpoint, save_checkpoint
from bireid_deploy.training.initialisation import initialise_from
from bireid_deploy.training.interruption import interruption
from bireid_deploy.training.loop_state import LoopState
from bireid_deploy.training.optimizers import initialise_alphas, schedule_factor
from bireid_deploy.training.recipe import Recipe, differences
from bireid_deploy.training.repeatability import make_repeatable
from bireid_deploy.training.run_directory import RunDirectory
from bireid_deploy.training.step import TrainingStep
from bireid_deploy.training.teacher import open_teacher
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
        teacher: The run to learn from, if the recipe distils.

    Raises:
        TrainingError: The data are too few, `initial` or `teacher` does not fit the recipe, or one
            of the recipe and the call names a teacher and the other does not.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: TrainingData,
        run: RunDirectory,
        reporter: Reporter,
        initial: Path | None = None,
        teacher: Path | None = None,
    ) -> None:
        recipe.require_teacher(teacher is not None)
        make_repeatable(recipe.seed, recipe.repeatable)
        self.recipe = recipe
        self.run = run
        self._data = data
        self._reporter = reporter
        self._origin = {
            "initial": None if initial is None else initial.name,
            "teacher": None if teacher is None else teacher.name,
        }
        self.network = build_network(recipe.network.config())
        options = recipe.optimizer
        initialise_alphas(binary_layers(self.network.model), options.alpha_init, recipe.seed)
        classifier = _classifier(self.network, classes=int(data.labels.max()) + 1)
        if initial is not None:
            initialise_from(self.network, initial, options, recipe.seed)
        tutor = (
            open_teacher(teacher, recipe.distillation, self.network, data.description)
            if teacher is not None
            else None
        )
        self._step = TrainingStep(self.network, classifier, recipe, tutor)
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
        self._state = LoopState()

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
        with interruption() as interrupted, writer.as_default():
            while self._state.epoch < self.recipe.optimizer.epochs:
                self._train_epoch(interrupted)
        return self._state.history

    def _train_epoch(self, interrupted: Callable[[], bool]) -> None:
        state, options = self._state, self.recipe.optimizer
        self.network.set_progress(state.epoch / options.epochs)
        start = time.perf_counter()
        for batch in self._batches.epoch(state.epoch, state.batch):
            moment = state.epoch + batch.index / batch.count
            self._step.optimizers.set_factor(
                schedule_factor(
                    moment,
                    options.epochs,
                    options.warmup_epochs,
                    options.schedule,
                    options.milestones,
                )
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
                **self._origin,
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
        record = self.run.read_record()
        if record["data"] != self._data.description:
            raise TrainingError(f"{self.run.path}: cannot resume on another data set")
        if record.get("teacher") != self._origin["teacher"]:
            raise TrainingError(
                f"{self.run.path}: cannot resume with another teacher than {record['teacher']!r}"
            )
        self._origin["initial"] = record["initial"]
        self._state = LoopState(**load_checkpoint(self.run.checkpoint, self._step.variables()))


def _classifier(network: Network, classes: int) -> Any:
    classifier = keras.layers.Dense(
        classes,
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3),
        name="classifier",
    )
    classifier.build((None, network.model.output_shape[-1]))
    return classifier


def _sampler(recipe: Recipe, labels: np.ndarray) -> Sampler:
    batch = recipe.batch
    if batch.sampling == "shuffled":
        return ShuffledSampler(len(labels), batch.images, recipe.seed)
    return IdentitySampler(labels, batch.identities, batch.images_per_identity, recipe.seed)

"""What the workbench asks of a task; each task is a folder beside this file.

A task's module is imported with the table, so its methods import TensorFlow and the like where they
need them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from bireid_converters.card import CardFacts
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.inputs import InputSpec
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.preprocess import Preprocess

from bireid_deploy.data.use import Use
from bireid_deploy.evaluation.item_scores import ItemScores
from bireid_deploy.tasks.options import Option
from bireid_deploy.tasks.predictors import Baseline, Predictor
from bireid_deploy.training.methods.base import Term
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.recipe_sections import Section
from bireid_deploy.training.run_directory import RunDirectory
from bireid_deploy.training.task_step import TaskData, TrainableTask

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

Candidates = Mapping[str, Sequence[np.ndarray]]
"""Raw items by the name of the input."""


class DataSection(Section):
    """The table `[data]` of a grid; what else it holds depends on its kind."""

    kind: str


class Run(Protocol):
    """A trained run with its weights loaded, `bireid_deploy.trained_run.TrainedRun`."""

    @property
    def directory(self) -> RunDirectory:
        """Where it lies."""

    @property
    def recipe(self) -> Recipe:
        """What it was trained with."""

    @property
    def record(self) -> dict[str, Any]:
        """Content of `run.json`."""

    @property
    def network(self) -> Any:
        """`bireid_models.network.Network` with the weights."""

    @property
    def inputs(self) -> tuple[InputSpec, ...]:
        """What the network takes."""


@dataclass(frozen=True)
class Deployment:
    """What a trained run becomes on a device.

    Attributes:
        config: What the network was built from, `bireid_models.NetworkConfig`.
        model: Keras functional model from the inputs to the outputs, by their names.
        inputs: Its inputs, with their preprocessing.
        outputs: Its outputs, by kind.
    """

    config: Any
    model: Any
    inputs: tuple[InputSpec, ...]
    outputs: tuple[OutputSpec, ...]


@dataclass(frozen=True)
class Report:
    """What an evaluation found.

    Attributes:
        scores: JSON-serialisable; shares from 0 to 1.
        columns: Headings of a table.
        rows: Its rows, as text.
        images_per_second: Items that the model took per second, decoding left out; None where
            nothing ran.
        data: Name of the data set.
        counts: What was measured on, in words: `320 queries, 656 gallery images`.
        outputs: What the model computed for every item, for comparisons between engines; empty if
            it was not kept.
        remarks: What was left out of the data, a line each.
        items: What the scores are means of, if they are; two models are paired by them.
    """

    scores: dict[str, Any]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    images_per_second: float | None
    data: str
    counts: str
    outputs: Mapping[str, np.ndarray]
    remarks: tuple[str, ...] = ()
    items: ItemScores | None = None

    def to_record(self, engine: str) -> dict[str, Any]:
        """What one engine achieves, as a manifest has it under `metrics`."""
        return {
            "engine": engine,
            "data": self.data,
            "images_per_second": self.images_per_second,
            **self.scores,
        }


@dataclass(frozen=True)
class Attention:
    """Where a network is active.

    Attributes:
        description: What the maps are, a sentence.
        maps: From uint8 images (H, W, C) of any size to float32 (N, h, w), 0 and up.
    """

    description: str
    maps: Callable[[Sequence[np.ndarray]], np.ndarray]


@dataclass(frozen=True)
class Generator:
    """Data that a task can render instead of reading a folder.

    Attributes:
        section: Table `[data]` of a grid; its `kind` is the generator's name.
        folder: Name of the folder that an experiment keeps them in.
        write: Called with the table, a folder and the progress; leaves the data set there.
    """

    section: type[DataSection]
    folder: str
    write: Callable[[Any, Path, Progress | None], None]


class Task(TrainableTask, Protocol):
    """A row of `TASKS`."""

    @property
    def sections(self) -> Mapping[str, type[Section]]:
        """Tables of a recipe that are the task's, by their keys; every table has defaults."""

    @property
    def terms(self) -> tuple[Term, ...]:
        """What its step logs, in the order of a table."""

    @property
    def scores(self) -> Mapping[str, str]:
        """What an experiment averages, with its headings; the first is the main one."""

    @property
    def generators(self) -> Mapping[str, Generator]:
        """Data that it can render, by kind."""

    @property
    def options(self) -> Mapping[str, Option]:
        """What `evaluate` takes for it beside model and data, by name."""

    @property
    def baselines(self) -> Mapping[str, Callable[[], Baseline]]:
        """By the word that `evaluate` takes for a model."""

    @property
    def saved_suffixes(self) -> frozenset[str]:
        """Endings of files of saved outputs that `evaluate` takes for a model."""

    @property
    def title(self) -> str:
        """The task in a sentence: `person re-identification`."""

    @property
    def card(self) -> CardFacts:
        """What the card of a bundle says beside its manifest."""

    @property
    def samples_source(self) -> str:
        """Where `samples` come from, for the card."""

    @property
    def moved_keys(self) -> Mapping[str, tuple[str, str]]:
        """Table and key by the top-level key of the recipes of older runs."""

    def check(self, recipe: Recipe) -> None:
        """Refuse a recipe that the task cannot train.

        Raises:
            ValueError: One line on what to change.
        """

    def inputs(self, recipe: Recipe) -> tuple[InputSpec, ...]:
        """What its networks take."""

    def open_dataset(
        self, root: Path, layout: str = "auto", recipe: Recipe | None = None, use: Use = "all"
    ) -> Any:
        """List a data set; nothing is decoded.

        Args:
            root: Its folder.
            layout: A name of the task's, or `auto`.
            recipe: May leave out training data.
            use: Which splits are needed; others need not be there, and are empty.

        Returns:
            A data set of the task's; what its attribute `left_out` holds, if it has one
            (`bireid_deploy.data.folders.LeftOut`), is counted before the work.

        Raises:
            DatasetError: It is missing, malformed or of another layout.
        """

    def describe(self, dataset: Any) -> dict[str, Any]:
        """`name` and counts of a data set, for records of experiments and the first line."""

    def summary(self, description: Mapping[str, Any]) -> str:
        """What `describe` found, in words."""

    def hold_out(self, dataset: Any, fraction: float) -> tuple[Any, Any]:
        """Split training data: what is left to train with, and the rest as a test split.

        The split depends on the data alone.

        Raises:
            DatasetError: Too little would be left, or what is held out cannot be measured.
        """

    def load_training_data(
        self, recipe: Recipe, dataset: Any, on_progress: Progress | None
    ) -> TaskData:
        """Decode the training split; broken files are skipped and listed."""

    def deployment(self, run: Run) -> Deployment:
        """What a run becomes on a device.

        Raises:
            UnsupportedModelError: The task has no deployable network, and why.
        """

    def samples(self, inputs: Sequence[InputSpec], count: int) -> Candidates:
        """Raw items by input that show nobody: to check conversions on, and for bundles."""

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Refuse values of `options` that cannot be meant, before anything is opened.

        Raises:
            BireidError: One line on what to change.
        """

    def evaluate(
        self,
        predictor: Predictor,
        dataset: Any,
        outputs: Sequence[OutputSpec],
        options: Mapping[str, Any],
        on_progress: Progress | None = None,
    ) -> Report:
        """Measure a network on the test split.

        Args:
            predictor: The network.
            dataset: Data set.
            outputs: Specs of its outputs.
            options: Those options of `evaluate` that were given and that the task understands.
            on_progress: Called with (done, total).

        Raises:
            DatasetError: The test split does not fit, or an item is broken: a figure over a part
                of a test set would not be comparable.
        """

    def evaluate_saved(
        self, path: Path, options: Mapping[str, Any], on_progress: Progress | None = None
    ) -> Report:
        """Measure outputs that `evaluate --save` kept; only for `saved_suffixes`.

        Raises:
            BireidError: The file cannot be read.
        """

    def page(self, report: Report, dataset: Any, attention: Attention | None) -> Sequence[str]:
        """What `report` shows of an evaluation: parts of a page, HTML.

        Args:
            report: What `evaluate` found without options.
            dataset: What it was measured on.
            attention: Where the network is active, if that is known.

        Returns:
            The parts; none for the table of the evaluation.
        """

    def comparable(self, scores: Mapping[str, Any]) -> Mapping[str, float]:
        """Of an evaluation, the scores in which all engines must agree within a point.

        Empty where the test set is too small to tell.
        """


class TaskDefaults:
    """What a task has not unless it says so itself; a row of `TASKS` may inherit from it."""

    options: ClassVar[Mapping[str, Option]] = {}
    saved_suffixes: frozenset[str] = frozenset()
    samples_source = "generated patterns"
    moved_keys: ClassVar[Mapping[str, tuple[str, str]]] = {}

    @property
    def generators(self) -> Mapping[str, Generator]:
        """None."""
        return {}

    @property
    def baselines(self) -> Mapping[str, Callable[[], Baseline]]:
        """None."""
        return {}

    def check(self, recipe: Recipe) -> None:
        """Every recipe fits."""

    def inputs(self, recipe: Recipe) -> tuple[InputSpec, ...]:
        """One image, stretched to the network's input."""
        network = recipe.network
        preprocess = Preprocess(network.input_height, network.input_width)
        return (InputSpec.image("image", preprocess),)

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Every value fits."""

    def hold_out(self, dataset: Any, fraction: float) -> tuple[Any, Any]:
        """Training items, evenly spaced in their order."""
        from bireid_deploy.data.held_out import hold_out_items

        return hold_out_items(dataset, fraction)

    def samples(self, inputs: Sequence[InputSpec], count: int) -> Candidates:
        """Soft patterns with grain, of several sizes."""
        from bireid_converters.golden import generate_items

        return generate_items(inputs, count)

    def evaluate_saved(
        self, path: Path, options: Mapping[str, Any], on_progress: Progress | None = None
    ) -> Report:
        """Refuse: the task keeps no outputs in files."""
        raise UnsupportedModelError(f"{path}: its task keeps no outputs in files")

    def page(self, report: Report, dataset: Any, attention: Attention | None) -> Sequence[str]:
        """The table of the evaluation."""
        return ()

    def comparable(self, scores: Mapping[str, Any]) -> Mapping[str, float]:
        """No score is held against those of another engine."""
        return {}

"""`train` as a function."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_runtime.errors import ArgumentError

from bireid_deploy.extras import require
from bireid_deploy.recipes import find_recipe, load_recipe
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.base import Progress
from bireid_deploy.training.methods import require_teacher
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.reporter import Reporter, SilentReporter
from bireid_deploy.training.run_directory import RunDirectory

Reporting = Callable[[Recipe], AbstractContextManager[Reporter]]
"""Opens what is told how a training goes, once the data are decoded."""

Decoding = Callable[[], AbstractContextManager[Progress | None]]
"""Opens a function that is told (images decoded, images in all)."""

Quiet = Callable[[], AbstractContextManager[Any]]
"""Wraps what native libraries may write about themselves to stderr."""


@dataclass(frozen=True)
class TrainingResult:
    """What a training left.

    Attributes:
        run: The run directory.
        history: One summary per epoch: the mean of every loss term, and `images_per_second`.
        skipped: Training files that could not be decoded, with the reason.
        advice: What the methods say about the run, a line each; empty if all went well.
    """

    run: Path
    history: list[dict[str, float]]
    skipped: tuple[tuple[Path, str], ...]
    advice: tuple[str, ...]


def train(
    recipe: Recipe | Path | str,
    data: Any,
    out: Path | str,
    *,
    overrides: Sequence[str] = (),
    layout: str = "auto",
    init: Path | str | None = None,
    teacher: Path | str | None = None,
    resume: bool = False,
    reporting: Reporting = lambda recipe: nullcontext(SilentReporter()),
    decoding: Decoding = nullcontext,
    on_skipped: Callable[[Path, str], None] = lambda path, reason: None,
    on_remark: Callable[[str], None] = lambda line: None,
    quiet: Quiet = nullcontext,
) -> TrainingResult:
    """Train a recipe into a run directory.

    Args:
        recipe: A recipe, the path of a TOML file, or the name of a recipe that ships.
        data: Folder of the data set, or a data set that the recipe's task has opened.
        out: Run directory; with `resume` one that was interrupted, otherwise a new one.
        overrides: `section.key=value` assignments; only for a recipe that is read from a file.
        layout: Layout of the data set, for tasks that know several.
        init: Run to start from.
        teacher: Run to learn from, if a method of the recipe wants one.
        resume: Continue an interrupted run, to the same weights.
        reporting: Opens what is told how it goes.
        decoding: Opens what is told (images decoded, images in all).
        on_skipped: Called with every training file that could not be decoded, and why.
        on_remark: Called with what else the data set had to be changed in, line by line.
        quiet: Wraps what native libraries write while they start.

    Returns:
        The history and what is worth knowing about it.

    Raises:
        RecipeError, DatasetError: Malformed, or no such recipe ships.
        ArgumentError: Overrides for a recipe that is not read from a file.
        MissingPackageError: The extra `train` is not installed.
        TrainingError: The run exists already or cannot be resumed; an origin, the network or the
            data do not fit the recipe; or it needs a teacher and none is given, or the reverse.
        DivergenceError: A loss became NaN or infinite; the last checkpoint is kept.
        TrainingInterruptedError: Ctrl-C or SIGTERM, after a checkpoint was saved.
    """
    require("train")
    recipe = _recipe(recipe, overrides)
    require_teacher(recipe, teacher is not None)
    run = RunDirectory(Path(out))
    if resume:
        run.read_record()
    else:
        run.require_new()
    task = TASKS[recipe.task]
    if isinstance(data, Path | str):
        data = task.open_dataset(Path(data), layout, recipe)
    with decoding() as on_decoded:
        loaded = task.load_training_data(recipe, data, on_decoded)
    for path, reason in loaded.skipped:
        on_skipped(path, reason)
    for line in loaded.description.get("remarks", ()):
        on_remark(line)
    with quiet():
        from bireid_deploy.training.trainer import Trainer

    with reporting(recipe) as reporter:
        with quiet():
            trainer = Trainer(recipe, task, loaded, run, reporter, _path(init), _path(teacher))
        history = trainer.train(resume)
    return TrainingResult(run.path, history, tuple(loaded.skipped), tuple(trainer.advice()))


def _recipe(recipe: Recipe | Path | str, overrides: Sequence[str]) -> Recipe:
    if isinstance(recipe, Recipe):
        if overrides:
            raise ArgumentError("overrides are for recipes that are read from a file")
        return recipe
    if RunDirectory(Path(recipe)).record_path.is_file():
        raise ArgumentError(
            f"{recipe}: a training run, not a recipe; continue it with its recipe, --resume and "
            f"--out {recipe}, or start another from its weights with --init {recipe}"
        )
    return load_recipe(recipe if isinstance(recipe, Path) else find_recipe(recipe), overrides)


def _path(path: Path | str | None) -> Path | None:
    return None if path is None else Path(path)

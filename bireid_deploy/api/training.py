"""`train` as a function."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bireid_runtime.errors import ArgumentError

from bireid_deploy.api.held_out import HeldOut, hold_out
from bireid_deploy.extras import require
from bireid_deploy.recipes import find_recipe, load_recipe, parse_recipe
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.base import Progress, Task
from bireid_deploy.tasks.counts import count_data, say_data
from bireid_deploy.training.methods import require_teacher, said_of_teacher, teacher_origin
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.reporter import Reporter, SilentReporter
from bireid_deploy.training.run_directory import RunDirectory
from bireid_deploy.training.run_settings import RunSettings
from bireid_deploy.training.workers.joining import join, require_replicable
from bireid_deploy.training.workers.members import Members
from bireid_deploy.training.workers.rendezvous import PATIENCE

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
        history: One summary per epoch: the mean of every loss term, `images_per_second`, and
            `validation_*` where it was measured.
        skipped: Training files that could not be decoded, with the reason.
        advice: What the methods say about the run, a line each; empty if all went well.
        counts: What the data set holds, and how much was left out by reason; JSON-serialisable.
    """

    run: Path
    history: list[dict[str, float]]
    skipped: tuple[tuple[Path, str], ...]
    advice: tuple[str, ...]
    counts: Mapping[str, Any]


def train(
    recipe: Recipe | Path | str | None,
    data: Any,
    out: Path | str,
    *,
    overrides: Sequence[str] = (),
    layout: str = "auto",
    init: Path | str | None = None,
    teacher: Path | str | None = None,
    resume: bool = False,
    members: Members | None = None,
    patience: float = PATIENCE,
    reporting: Reporting = lambda recipe: nullcontext(SilentReporter()),
    decoding: Decoding = nullcontext,
    on_skipped: Callable[[Path, str], None] = lambda path, reason: None,
    on_remark: Callable[[str], None] = lambda line: None,
    quiet: Quiet = nullcontext,
) -> TrainingResult:
    """Train a recipe into a run directory.

    Args:
        recipe: A recipe, the path of a TOML file, or the name of a recipe that ships; with `resume`
            None for that of the run.
        data: Folder of the data set, or a data set that the recipe's task has opened; with `resume`
            None for that of the run.
        out: Run directory; with `resume` one that was interrupted, otherwise a new one.
        overrides: `section.key=value` assignments; only for a recipe that is read from a file.
        layout: Layout of the data set, for tasks that know several; where `data` is None, it is
            the run's.
        init: Run to start from, or a checkpoint of a ResNet or MobileNetV2 of PyTorch.
        teacher: Run to learn from, if a method of the recipe wants one; distillation also takes a
            bundle, a file of `teach_cache` or a checkpoint that `import` knows. With `resume` None
            for that of the run.
        resume: Continue an interrupted run, to the same weights.
        members: The workers of a training on several machines; each calls this with the same
            recipe, data and run directory, which all of them see. The first one alone writes and
            reports. Once in a process, before TensorFlow computes anything.
        patience: Seconds for which workers wait for each other at the start.
        reporting: Opens what is told how it goes.
        decoding: Opens what is told (images decoded, images in all).
        on_skipped: Called with every training file that could not be decoded, and why.
        on_remark: Called line by line with what the data set holds, what was left out and why, and
            what it had to be changed in.
        quiet: Wraps what native libraries write while they start.

    Returns:
        The history and what is worth knowing about it.

    Raises:
        RecipeError, DatasetError: Malformed, or no such recipe ships.
        ArgumentError: Overrides for a recipe that is not read from a file; a recipe of a search;
            or no recipe or no data where nothing is resumed, or where the run does not know them.
        MissingPackageError: The extra `train` is not installed.
        TrainingError: The run exists already or cannot be resumed; an origin, the network or the
            data do not fit the recipe; or it needs a teacher and none is given, or the reverse.
        DivergenceError: A loss became NaN or infinite; the last checkpoint is kept.
        TrainingInterruptedError: Ctrl-C or SIGTERM, after a checkpoint was saved.
        ClusterError: Another worker did not come, trains something else, or has gone.
    """
    require("train")
    members = None if members is None or members.count == 1 else members
    is_chief = members is None or members.is_chief
    voice = _Voice(reporting, decoding, on_skipped, on_remark) if is_chief else _Voice()
    run = RunDirectory(Path(out))
    if resume:
        record, before = run.read_record(), RunSettings.read(run)
        if recipe is None:
            recipe = parse_recipe(record["recipe"], str(run.record_path))
        if data is None:
            data, layout = before.data, before.layout
        teacher = teacher or before.teacher
    if recipe is None or data is None:
        what = "recipe" if recipe is None else "data set"
        why = f"{run.path} does not say with which" if resume else "only resume takes the run's"
        raise ArgumentError(f"training needs a {what}: {why}")
    recipe = _recipe(recipe, overrides)
    if recipe.search.enabled:
        raise ArgumentError(
            f"{recipe.name} searches an architecture: run bireid-deploy search, and train the "
            "recipe that it writes"
        )
    require_teacher(recipe, teacher is not None)
    for line in said_of_teacher(recipe, _path(teacher)):
        voice.on_remark(line)
    if members is not None:
        for line in require_replicable(recipe):
            voice.on_remark(line)
    if not resume and is_chief:
        run.require_new()
    task = TASKS[recipe.task]
    folder = data if isinstance(data, Path | str) else None
    if isinstance(data, Path | str):
        data = task.open_dataset(Path(data), layout, recipe, use="train")
    counts = count_data(task, data)
    loaded, validation = _load(recipe, task, data, voice)
    if members is not None:
        voice.on_remark(f"{members.count} workers meet, within {patience:g} s")
    with quiet():
        from bireid_deploy.training.trainer import Trainer

        said = {} if members is None else _alike(recipe, loaded, _path(teacher), resume)
        replicas = join(members, recipe, said, patience)
    with voice.reporting(recipe) as reporter:
        with quiet():
            origins = _path(init), _path(teacher)
            trainer = Trainer(recipe, task, loaded, run, reporter, *origins, validation, replicas)
        settings = RunSettings.of(folder, layout, teacher)
        # A teacher that is refused must not become that of the run.
        kept = partial(settings.write, run) if is_chief else lambda: None
        history = trainer.train(resume, kept)
    return TrainingResult(run.path, history, tuple(loaded.skipped), tuple(trainer.advice()), counts)


@dataclass(frozen=True)
class _Voice:
    """Who is told what; silent as it is."""

    reporting: Reporting = lambda recipe: nullcontext(SilentReporter())
    decoding: Decoding = nullcontext
    on_skipped: Callable[[Path, str], None] = lambda path, reason: None
    on_remark: Callable[[str], None] = lambda line: None


def _load(recipe: Recipe, task: Task, data: Any, voice: _Voice) -> tuple[Any, HeldOut | None]:
    """Hold out what is measured, and decode the rest."""
    for line in (said := say_data(task, data)):
        voice.on_remark(line)
    data, validation = hold_out(recipe, task, data)
    with voice.decoding() as on_decoded:
        loaded = task.load_training_data(recipe, data, on_decoded)
    for path, reason in loaded.skipped:
        voice.on_skipped(path, reason)
    for line in loaded.description.get("remarks", ()):
        if not any(line in each for each in said):
            voice.on_remark(line)
    return loaded, validation


def _alike(recipe: Recipe, loaded: Any, teacher: Path | None, resume: bool) -> dict[str, Any]:
    """What all workers must have alike beside the recipe."""
    return {
        "data set": loaded.description,
        "teacher": teacher_origin(recipe, teacher),
        "use of --resume": resume,
    }


def _recipe(recipe: Recipe | Path | str, overrides: Sequence[str]) -> Recipe:
    if isinstance(recipe, Recipe):
        if overrides:
            raise ArgumentError(
                "overrides are for recipes that are read from a file; what is resumed keeps its own"
            )
        return recipe
    if RunDirectory(Path(recipe)).record_path.is_file():
        raise ArgumentError(
            f"{recipe}: a training run, not a recipe; continue it with its recipe, --resume and "
            f"--out {recipe}, or start another from its weights with --init {recipe}"
        )
    return load_recipe(recipe if isinstance(recipe, Path) else find_recipe(recipe), overrides)


def _path(path: Path | str | None) -> Path | None:
    return None if path is None else Path(path)

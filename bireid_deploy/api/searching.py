"""`search` as functions: look for an architecture, and measure what candidates cost."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_models.backbones.cdnet_architecture import parse_architecture
from bireid_runtime.errors import ArgumentError

from bireid_deploy.api.training import Decoding, Quiet, Reporting
from bireid_deploy.extras import require
from bireid_deploy.recipes import find_recipe, load_recipe, parse_recipe
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.base import Progress
from bireid_deploy.tasks.counts import say_data
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.reporter import SilentReporter
from bireid_deploy.training.run_directory import RunDirectory
from bireid_deploy.training.run_settings import RunSettings


@dataclass(frozen=True)
class SearchResult:
    """What a search left.

    Attributes:
        directory: Where everything lies.
        architecture: What was found, as `network.architecture` takes it.
        recipe: The recipe that trains it.
        controls: Recipes of random architectures of its size.
        pictures: SVG files: the architecture, and alpha over time.
        history: One summary per epoch, with the alphas.
        expected_ms: What the found blocks cost by the table of latencies; None without one.
    """

    directory: Path
    architecture: str
    recipe: Path
    controls: tuple[Path, ...]
    pictures: tuple[Path, ...]
    history: list[dict[str, float]]
    expected_ms: float | None


def search(
    recipe: Path | str | None,
    data: Path | str | None,
    out: Path | str,
    *,
    overrides: Sequence[str] = (),
    layout: str = "auto",
    latency: Path | str | None = None,
    controls: int = 0,
    resume: bool = False,
    reporting: Reporting = lambda recipe: nullcontext(SilentReporter()),
    decoding: Decoding = nullcontext,
    on_skipped: Callable[[Path, str], None] = lambda path, reason: None,
    on_remark: Callable[[str], None] = lambda line: None,
    quiet: Quiet = nullcontext,
) -> SearchResult:
    """Search an architecture into a directory.

    Args:
        recipe: Path of a TOML file, or the name of a recipe that ships, with a table `[search]`;
            with `resume` None for that of the search.
        data: Folder of the data set, of which only the training split is read; with `resume` None
            for that of the search.
        out: Directory; with `resume` one that was interrupted, otherwise a new one.
        overrides: `section.key=value` assignments.
        layout: Layout of the data set, for tasks that know several.
        latency: Table of latencies, if the recipe weighs them.
        controls: Recipes of random architectures of the found one's size to write beside it.
        resume: Continue an interrupted search, to the same result.
        reporting: Opens what is told how it goes.
        decoding: Opens what is told (images decoded, images in all).
        on_skipped: Called with every training file that could not be decoded, and why.
        on_remark: Called line by line with what the data set holds and what was left out.
        quiet: Wraps what native libraries write while they start.

    Returns:
        What was found, and where.

    Raises:
        RecipeError, DatasetError: Malformed, or no such recipe ships.
        ArgumentError: No recipe or no data where nothing is resumed, or overrides for a search
            that is resumed with its own recipe.
        MissingPackageError: The extra `train` is not installed.
        TrainingError: The search exists already or cannot be resumed, the recipe cannot be
            searched, or the data do not fit it.
        DivergenceError: A loss became NaN or infinite; the last checkpoint is kept.
        TrainingInterruptedError: Ctrl-C or SIGTERM, after a checkpoint was saved.
    """
    require("train")
    with quiet():
        from bireid_deploy.search.directory import SearchDirectory
        from bireid_deploy.search.latency import LatencyTable
        from bireid_deploy.search.prepare import check_recipe, prepare_search
        from bireid_deploy.search.results import ALPHAS, FOUND, PICTURE, write_results
    directory = SearchDirectory(Path(out))
    settings = RunDirectory(directory.path)
    stored = directory.read_record() if resume else None
    if stored is None:
        directory.require_new()
    elif data is None:
        before = RunSettings.read(settings)
        data, layout = before.data, before.layout
    if data is None:
        raise ArgumentError("a search needs a data set; only resume takes that of the search")
    chosen = _recipe(recipe, overrides, stored, str(directory.record_path))
    find_recipe(chosen.search.train_recipe)
    table = None if latency is None else LatencyTable.load(Path(latency))
    if table is None and stored is not None and stored["latency"] is not None:
        table = LatencyTable.from_json(stored["latency"], str(directory.record_path))
    check_recipe(chosen, table)
    task = TASKS[chosen.task]
    dataset = task.open_dataset(Path(data), layout, chosen, use="train")
    for line in say_data(task, dataset):
        on_remark(line)
    with decoding() as on_decoded:
        images = task.load_training_data(chosen, dataset, on_decoded)
    for path, reason in images.skipped:
        on_skipped(path, reason)
    with reporting(chosen) as reporter:
        with quiet():
            searcher = prepare_search(chosen, task, images, directory, reporter, table)
        RunSettings.of(data, layout, None).write(settings)
        history = searcher.search(resume)
    names = write_results(chosen, directory, controls)
    architecture = directory.read_record()["architecture"]
    return SearchResult(
        directory.path,
        architecture,
        directory.path / FOUND,
        tuple(directory.path / name for name in names),
        (directory.path / PICTURE, directory.path / ALPHAS),
        history,
        None if table is None else table.total(parse_architecture(architecture)),
    )


def measure_latencies(
    recipe: Path | str,
    out: Path | str,
    *,
    overrides: Sequence[str] = (),
    threads: int = 1,
    rounds: int = 20,
    on_progress: Progress | None = None,
    quiet: Quiet = nullcontext,
) -> list[dict[str, float]]:
    """Time every candidate of a recipe's search in the native engine.

    Args:
        recipe: Path of a TOML file, or the name of a recipe that ships.
        out: Table to write, JSON; `search` takes it as `latency`.
        overrides: `section.key=value` assignments.
        threads: Threads of the engine.
        rounds: Visits to every candidate, each of three runs.
        on_progress: Called with (candidates done, candidates in all).
        quiet: Wraps what the converter writes.

    Returns:
        For each place, milliseconds by choice.

    Raises:
        RecipeError: As `search`.
        MissingPackageError: The extra `train` is not installed.
        ArgumentError: The recipe has no table `[search]`.
        UnsupportedModelError: The converter or the engine refuses a candidate.
    """
    require("train")
    chosen = load_recipe(find_recipe(str(recipe)), overrides)
    if not chosen.search.enabled:
        raise ArgumentError(f"{chosen.name}: has no table [search]; it says what is searched")
    with quiet():
        from bireid_deploy.search.latency import measure_latencies as measure

    config, candidates = chosen.network.config(), chosen.search.candidates
    table = measure(config, candidates, threads, rounds, on_progress, quiet)
    table.save(Path(out))
    return [dict(place) for place in table.milliseconds]


def _recipe(
    recipe: Path | str | None,
    overrides: Sequence[str],
    stored: Mapping[str, Any] | None,
    source: str,
) -> Recipe:
    """The recipe that is given, or that of the record of a search that is resumed."""
    if recipe is not None:
        return load_recipe(find_recipe(str(recipe)), overrides)
    if stored is None:
        raise ArgumentError("a search needs a recipe; only resume takes that of the search")
    if overrides:
        raise ArgumentError("a search that is resumed keeps its recipe; leave out the overrides")
    return parse_recipe(stored["recipe"], source)

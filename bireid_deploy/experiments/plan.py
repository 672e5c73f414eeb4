"""From a grid to the runs that remain to be trained."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bireid_runtime.bundle_files import file_sha256

from bireid_deploy.experiments.data import ExperimentData
from bireid_deploy.experiments.errors import ExperimentError
from bireid_deploy.experiments.folder import ExperimentFolder
from bireid_deploy.experiments.grid import Grid, RunEntry
from bireid_deploy.experiments.identity import Identity, versions
from bireid_deploy.experiments.kinds import task_of
from bireid_deploy.experiments.record import read_json
from bireid_deploy.recipes import find_recipe, load_recipe
from bireid_deploy.training.methods import require_teacher
from bireid_deploy.training.recipe import Recipe


@dataclass(frozen=True)
class FinishedRun:
    """A run of another experiment, or a file, to start from or to distil.

    Attributes:
        key: Name of the run, or of the file.
        run: Folder of the run, or the file.
        fingerprint: That of the run's record, or the hash of the file.
    """

    key: str
    run: Path
    fingerprint: str


@dataclass(frozen=True)
class PlannedRun:
    """One recipe with one seed.

    Attributes:
        entry: The grid's entry.
        seed: Seed.
        recipe_path: Recipe file.
        overrides: Overrides for it, in the order of their application, the seed last.
        recipe: The recipe with its overrides.
        initial: Where the weights come from, or None.
        teacher: What is distilled, or None.
    """

    entry: RunEntry
    seed: int
    recipe_path: Path
    overrides: tuple[str, ...]
    recipe: Recipe
    initial: "PlannedRun | FinishedRun | None"
    teacher: "PlannedRun | FinishedRun | None"

    @property
    def key(self) -> str:
        """Name of its folder and record."""
        return run_key(self.entry.name, self.seed)

    @property
    def requires(self) -> tuple[str, ...]:
        """Keys of the runs of this experiment that come before."""
        return tuple(run_key(name, self.seed) for name in self.entry.requires)

    def identity(self, data: ExperimentData) -> Identity:
        """What decides its outcome."""
        initial, teacher = (_description(each, data) for each in (self.initial, self.teacher))
        return Identity(self.recipe, data.description, initial, teacher, versions())


def run_key(name: str, seed: int) -> str:
    """Name of a run's folder and record."""
    return f"{name}-seed{seed}"


def plan_runs(
    grid: Grid,
    grid_path: Path,
    only: Iterable[str] = (),
    init_from: Path | None = None,
    teacher_from: Path | None = None,
) -> list[PlannedRun]:
    """Every run of a grid, each after what it starts from; all runs of a seed before the next.

    Args:
        grid: Grid.
        grid_path: Its file; recipes that are files lie beside it.
        only: Names of the wanted runs; what they start from comes along. No name takes all.
        init_from: Folder of the experiment, or file, that `init_from` means.
        teacher_from: Folder of the experiment, or file, that `teacher_from` means.

    Raises:
        ExperimentError: An unknown name, or a folder is not given or lacks a run.
        RecipeError: A recipe is missing or does not validate.
        TrainingError: A recipe needs a teacher that the grid does not give, or the reverse.
    """
    planned: dict[str, PlannedRun] = {}
    for seed in grid.seeds:
        for entry in grid.ordered(only):
            path = (
                grid_path.parent / entry.recipe
                if entry.recipe.endswith(".toml")
                else find_recipe(entry.recipe)
            )
            overrides = (*grid.set, *entry.set, f"seed={seed}")
            run = PlannedRun(
                entry,
                seed,
                path.absolute(),
                overrides,
                load_recipe(path, overrides),
                _origin(planned, "init", entry.init, entry.init_from, seed, init_from),
                _origin(planned, "teacher", entry.teacher, entry.teacher_from, seed, teacher_from),
            )
            _require_fit(run, grid)
            planned[run.key] = run
    return list(planned.values())


def unfinished(
    runs: Sequence[PlannedRun], data: ExperimentData, folder: ExperimentFolder
) -> list[PlannedRun]:
    """The runs that have no record yet.

    Raises:
        ExperimentError: A run was measured or started with another recipe, other data, another
            origin or other packages; or a record is damaged.
    """
    remaining = []
    for run in runs:
        finished = folder.result(run.key).exists()
        path = folder.result(run.key) if finished else folder.started(run.key)
        if path.exists():
            before = Identity.from_json(read_json(path), str(path))
            if changed := before.changes(run.identity(data)):
                raise ExperimentError(
                    f"{path}: made under other conditions (changed: {', '.join(changed)}); remove "
                    f"it and {folder.run(run.key).path}, or choose another --out"
                )
        elif folder.run(run.key).record_path.exists():
            raise ExperimentError(
                f"{folder.run(run.key).path}: nothing says under which conditions this run was "
                "started; remove it, or choose another --out"
            )
        if not finished:
            remaining.append(run)
    return remaining


def _require_fit(run: PlannedRun, grid: Grid) -> None:
    if run.recipe.task != task_of(grid.data.kind):
        raise ExperimentError(
            f"run {run.entry.name!r}: recipe {run.recipe.name!r} is for {run.recipe.task}, but the "
            f"grid's data are {grid.data.kind}"
        )
    require_teacher(run.recipe, run.teacher is not None)


def _origin(
    planned: dict[str, PlannedRun],
    option: str,
    name: str | None,
    name_elsewhere: str | None,
    seed: int,
    elsewhere: Path | None,
) -> PlannedRun | FinishedRun | None:
    if name is not None:
        return planned[run_key(name, seed)]
    if name_elsewhere is None:
        return None
    if elsewhere is None:
        raise ExperimentError(
            f"{option}_from {name_elsewhere!r}: give the folder of that experiment, or a file, "
            f"with --{option}-from"
        )
    if elsewhere.is_file():
        return _file(elsewhere, elsewhere.stat().st_mtime_ns)
    key, folder = run_key(name_elsewhere, seed), ExperimentFolder(elsewhere)
    fingerprint = folder.read_result(key).get("fingerprint")
    if not isinstance(fingerprint, str):
        raise ExperimentError(f"{folder.result(key)}: damaged record: no valid 'fingerprint'")
    return FinishedRun(key, folder.run(key).path, fingerprint)


@cache
def _file(path: Path, _changed: int) -> FinishedRun:
    """A file as an origin; its hash is computed once for all runs."""
    return FinishedRun(path.name, path, f"sha256:{file_sha256(path)}")


def _description(
    origin: PlannedRun | FinishedRun | None, data: ExperimentData
) -> dict[str, str] | None:
    if origin is None:
        return None
    if isinstance(origin, FinishedRun):
        return {"run": origin.key, "fingerprint": origin.fingerprint}
    return {"run": origin.key, "fingerprint": origin.identity(data).fingerprint}

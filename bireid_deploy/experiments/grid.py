"""Grid files: which recipes an experiment trains, with which seeds, on which data."""

import graphlib
import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from bireid_runtime.files import read_text
from bireid_runtime.suggestions import hint
from pydantic import Field, SerializeAsAny, ValidationError, field_validator, model_validator

from bireid_deploy.experiments.errors import ExperimentError
from bireid_deploy.experiments.kinds import kinds
from bireid_deploy.tasks.base import DataSection
from bireid_deploy.training.recipe_sections import MAX_WHOLE, Section

GRIDS = Path(__file__).parent / "grids"

# Names become names of folders and files.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$", max_length=60)]
Seed = Annotated[int, Field(ge=0, le=MAX_WHOLE)]


class RunEntry(Section):
    """One row of an experiment: a recipe, trained once with every seed.

    `recipe` is the name of one that ships, or a TOML file beside the grid. `set` are overrides as
    `train --set` takes them. `init` names the run of this grid, `init_from` the run of the folder
    given with `--init-from`, whose network of the same seed this one starts from; given a file
    there, such as a checkpoint of another project, that is meant, whatever the name. `teacher` and
    `teacher_from` likewise name what it is distilled from.
    """

    name: Name
    label: str = ""
    recipe: Annotated[str, Field(min_length=1)]
    set: tuple[str, ...] = ()
    init: str | None = None
    init_from: Name | None = None
    teacher: str | None = None
    teacher_from: Name | None = None

    @model_validator(mode="after")
    def _has_one_origin(self) -> "RunEntry":
        for key in ("init", "teacher"):
            if getattr(self, key) is not None and getattr(self, f"{key}_from") is not None:
                raise ValueError(f"run {self.name!r} has both {key} and {key}_from; keep one")
        return self

    @property
    def title(self) -> str:
        """What tables call the run."""
        return self.label or self.name

    @property
    def requires(self) -> tuple[str, ...]:
        """Names of the runs of this grid that must be trained before."""
        return tuple(name for name in (self.init, self.teacher) if name is not None)


class Grid(Section):
    """An experiment: every run with every seed, on one data set.

    `set` are overrides of all runs; those of a run come after them.
    """

    name: Name
    description: str = ""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)]
    data: SerializeAsAny[DataSection]
    set: tuple[str, ...] = ()
    run: Annotated[tuple[RunEntry, ...], Field(min_length=1)]

    @field_validator("data", mode="wrap")
    @classmethod
    def _is_of_its_kind(cls, values: Any, handler: Any) -> DataSection:
        if isinstance(values, DataSection):
            return values
        known = kinds()
        kind = values.get("kind") if isinstance(values, dict) else None
        if kind not in known:
            raise ValueError(f"there is no kind {kind!r} of data; {hint(str(kind), known)}")
        return known[kind].model_validate_json(json.dumps(values))

    @model_validator(mode="after")
    def _runs_can_be_ordered(self) -> "Grid":
        names = [entry.name for entry in self.run]
        for twice in {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two runs are named {twice!r}; give each its own name")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("a seed appears twice in seeds")
        for entry in self.run:
            for key in ("init", "teacher"):
                wanted = getattr(entry, key)
                if wanted is not None and wanted not in names:
                    raise ValueError(
                        f"run {entry.name!r}: {key} is {wanted!r}, which is no run of this grid"
                        f"; {hint(wanted, names)}"
                    )
        try:
            self.ordered()
        except graphlib.CycleError as error:
            raise ValueError(f"runs wait for each other: {' - '.join(error.args[1])}") from error
        return self

    def ordered(self, only: Iterable[str] = ()) -> list[RunEntry]:
        """Runs in an order in which each finds what it starts from.

        Args:
            only: Names of the wanted runs; what they start from comes along. No name takes all.

        Raises:
            ExperimentError: A name is none of the grid's.
        """
        entries = {entry.name: entry for entry in self.run}
        wanted = list(only)
        for name in wanted:
            if name not in entries:
                raise ExperimentError(
                    f"grid {self.name!r} has no run {name!r}; {hint(name, entries)}"
                )
        graph: dict[str, tuple[str, ...]] = {}
        waiting = wanted or list(entries)
        while waiting:
            name = waiting.pop(0)
            graph[name] = entries[name].requires
            waiting += [each for each in entries[name].requires if each not in graph]
        return [entries[name] for name in graphlib.TopologicalSorter(graph).static_order()]


def load_grid(path: Path) -> Grid:
    """Read a grid file.

    Raises:
        ExperimentError: The file is missing, not TOML, or does not validate; the message names the
            key and, for an unknown one, the nearest known.
    """
    try:
        document = tomllib.loads(read_text(path))
        return Grid.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        raise ExperimentError(f"{path}: {_first_problem(error)}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ExperimentError(f"{path}: not a readable TOML file: {error}") from error


def find_grid(name: str) -> Path:
    """Path of a grid file: `name` itself if it ends in `.toml`, otherwise one that ships.

    Raises:
        ExperimentError: None of that name ships.
    """
    if name.endswith(".toml"):
        return Path(name)
    shipped = {path.stem: path for path in sorted(GRIDS.glob("*.toml"))}
    if name not in shipped:
        raise ExperimentError(f"no grid named {name!r} is installed; {hint(name, shipped)}")
    return shipped[name]


def _first_problem(error: ValidationError) -> str:
    problems = error.errors()
    # A misspelt key is also a missing one.
    unknown = [each for each in problems if each["type"] == "extra_forbidden"]
    problem = (unknown or problems)[0]
    where = ".".join(str(part) for part in problem["loc"]) or "grid"
    if unknown:
        sections: tuple[type[Section], ...] = (Grid, RunEntry, *kinds().values())
        keys = dict.fromkeys(key for section in sections for key in section.model_fields)
        return f"unknown key {where}; {hint(str(problem['loc'][-1]), keys)}"
    return f"{where}: {problem['msg'].removeprefix('Value error, ')}"

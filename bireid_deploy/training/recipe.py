"""A training recipe: everything that decides a run apart from the data set."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Self, TypeVar

from bireid_runtime.suggestions import hint
from pydantic import Field, ValidationError

from bireid_deploy.errors import RecipeError
from bireid_deploy.training.recipe_sections import (
    AugmentationSection,
    BatchSection,
    NetworkSection,
    OptimizerSection,
    Section,
    ValidationSection,
)
from bireid_deploy.training.search_section import SearchSection

_Kind = TypeVar("_Kind", bound=Section)


class Recipe(Section):
    """What all recipes have; `bireid_deploy.recipes` adds the tables of tasks and methods.

    `task`: a name of `bireid_deploy.tasks.TASKS`. `repeatable`: the same recipe and data give the
    same weights to the last bit, interrupted or not; without it training is about a fifth faster
    on a CPU.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)]
    description: str = ""
    task: str = "reid"
    seed: Annotated[int, Field(ge=0)] = 0
    repeatable: bool = True
    network: NetworkSection = NetworkSection()
    batch: BatchSection = BatchSection()
    augmentation: AugmentationSection = AugmentationSection()
    optimizer: OptimizerSection = OptimizerSection()
    validation: ValidationSection = ValidationSection()
    search: SearchSection = SearchSection(enabled=False)

    def has(self, kind: type[Section]) -> bool:
        """Whether recipes of this schema have a table of this kind."""
        return any(type(value) is kind for _, value in self)

    def section(self, kind: type[_Kind]) -> _Kind:
        """The table of this kind.

        Raises:
            LookupError: Recipes of this schema have none, which is a mistake of the caller.
        """
        for _, value in self:
            if type(value) is kind:
                return value
        raise LookupError(f"a recipe has no table of the kind {kind.__name__}")

    @classmethod
    def parse(cls, document: Mapping[str, Any], source: str) -> Self:
        """Validate a recipe given as nested dictionaries.

        Args:
            document: Keys and values as a TOML or JSON file has them.
            source: Where they come from; opens the error message.

        Raises:
            RecipeError: An unknown key (the nearest known is named), a wrong type or value.
        """
        try:
            return cls.model_validate_json(json.dumps(document, default=str))
        except ValidationError as error:
            raise RecipeError(f"{source}: {_first_problem(cls, error)}") from error


def differences(first: Recipe, second: Recipe) -> list[str]:
    """Dotted names of the keys in which two recipes differ."""
    one, two = _flatten(first.model_dump()), _flatten(second.model_dump())
    return sorted(key for key in one.keys() | two.keys() if one.get(key) != two.get(key))


def _flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, item in value.items():
        flat.update(_flatten(item, f"{prefix}.{key}" if prefix else key))
    return flat


def _first_problem(schema: type[Recipe], error: ValidationError) -> str:
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"]) or "recipe"
    if problem["type"] == "extra_forbidden":
        return f"unknown key {where}; {_hint(schema, problem['loc'])}"
    message = problem["msg"].removeprefix("Value error, ")
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {message}{more}"


def _hint(schema: type[Recipe], location: tuple[int | str, ...]) -> str:
    """What may be meant by an unknown key: one of its table, or else of another table."""
    name, beside = str(location[-1]), _keys_beside(schema, location)
    meant = {key.rpartition(".")[2]: key for key in reversed(dotted_keys(schema))}
    meant |= {each: each for each in beside}
    if name in meant:
        same = [key for key in dotted_keys(schema) if key.rpartition(".")[2] == name]
        return f"did you mean {' or '.join(same)}?"
    near = get_close_matches(name, beside, n=1) if len(location) > 1 else []
    close = near or get_close_matches(name, meant, n=1)
    return f"did you mean {meant[close[0]]}?" if close else hint(name, beside)


def dotted_keys(schema: type[Section], prefix: str = "") -> list[str]:
    """Every key of a schema as `--set` takes it, such as `optimizer.epochs`."""
    found = []
    for name, field in schema.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            found += dotted_keys(field.annotation, f"{prefix}{name}.")
        else:
            found.append(f"{prefix}{name}")
    return found


def _keys_beside(schema: type[Recipe], location: tuple[int | str, ...]) -> list[str]:
    """The keys that the table of an unknown key knows."""
    section: Any = schema
    for part in location[:-1]:
        field = section.model_fields.get(part) if hasattr(section, "model_fields") else None
        section = field.annotation if field else None
    return list(section.model_fields) if hasattr(section, "model_fields") else []

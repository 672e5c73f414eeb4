"""The whole schema of a recipe: what every recipe has, and the tables of all tasks and methods."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Self

from bireid_runtime.suggestions import hint
from pydantic import Field, create_model, model_validator

from bireid_deploy.tasks import TASKS
from bireid_deploy.training.methods import METHODS, enabled_methods
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.recipe_sections import MethodSection, Section


class CheckedRecipe(Recipe):
    """A recipe whose task and methods have nothing against it."""

    @classmethod
    def parse(cls, document: Mapping[str, Any], source: str) -> Self:
        """As `Recipe.parse`; reads the recipes of older runs too."""
        document = dict(document)
        for task in TASKS.values():
            for old, (section, key) in task.moved_keys.items():
                moved, table = document.pop(old, None), document.get(section, {})
                if moved is not None and isinstance(table, dict):
                    document[section] = {key: moved, **table}
        return super().parse(document, source)

    @model_validator(mode="after")
    def _fits_its_task_and_methods(self) -> "CheckedRecipe":
        if self.task not in TASKS:
            raise ValueError(f"there is no task {self.task!r}; {hint(self.task, TASKS)}")
        task = TASKS[self.task]
        self._leaves_other_tasks_alone()
        for method in enabled_methods(self):
            method.check(self)
        task.check(self)
        return self

    def _leaves_other_tasks_alone(self) -> None:
        own = TASKS[self.task].sections
        for name, task in TASKS.items():
            for key, kind in task.sections.items():
                if key not in own and self.section(kind) != kind():
                    raise ValueError(f"{key} is for task={name!r} alone")


@cache
def _schema(tables: tuple[tuple[str, type[Section]], ...]) -> type[CheckedRecipe]:
    fields: dict[str, Any] = {}
    for key, kind in tables:
        # A method is off until a recipe has its table.
        empty = kind(enabled=False) if issubclass(kind, MethodSection) else kind()
        fields[key] = (kind, Field(default=empty))
    return create_model("Recipe", __base__=CheckedRecipe, **fields)


def recipe_schema() -> type[CheckedRecipe]:
    """The schema with the tables of `TASKS` and `METHODS` as they are now.

    Raises:
        ValueError: Two of them mean different tables by the same key.
    """
    return _schema(tuple(_tables().items()))


def _tables() -> dict[str, type[Section]]:
    found: dict[str, type[Section]] = {}
    of_tasks = [each for task in TASKS.values() for each in task.sections.items()]
    for key, kind in [*of_tasks, *((name, row.section) for name, row in METHODS.items())]:
        if key in Recipe.model_fields or found.get(key, kind) is not kind:
            raise ValueError(f"the key {key!r} of a recipe has two meanings; rename a table")
        found[key] = kind
    return found

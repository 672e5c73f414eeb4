"""The whole schema of a recipe: what every recipe has, and the tables of all tasks and methods."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Self

from bireid_runtime.suggestions import hint
from pydantic import Field, create_model, model_validator

from bireid_deploy.tasks import TASKS
from bireid_deploy.training.methods import METHODS, enabled_methods
from bireid_deploy.training.recipe import Recipe

# Where keys of recipes in older runs went.
_MOVED = {"images_per_class": ("classification", "images_per_class")}


class CheckedRecipe(Recipe):
    """A recipe whose task and methods have nothing against it."""

    @classmethod
    def parse(cls, document: Mapping[str, Any], source: str) -> Self:
        """As `Recipe.parse`; reads the recipes of older runs too."""
        document = dict(document)
        for old, (section, key) in _MOVED.items():
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
def _schema(tasks: tuple[str, ...], methods: tuple[str, ...]) -> type[CheckedRecipe]:
    fields: dict[str, Any] = {}
    for name in tasks:
        fields |= {key: (kind, kind()) for key, kind in TASKS[name].sections.items()}
    for name in methods:
        kind = METHODS[name].section
        fields[name] = (kind, Field(default=kind(enabled=False)))
    return create_model("Recipe", __base__=CheckedRecipe, **fields)


def recipe_schema() -> type[CheckedRecipe]:
    """The schema with the tables of `TASKS` and `METHODS` as they are now."""
    return _schema(tuple(TASKS), tuple(METHODS))

"""`bireid-deploy train --list` and `--show`."""

import json
import textwrap
from collections.abc import Sequence
from typing import Any

import click

from bireid_deploy.cli.console import emit_json, emit_table
from bireid_deploy.recipes import find_recipe, load_recipe, shipped_recipes
from bireid_deploy.tasks import TASKS
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.recipe_sections import MethodSection


def emit_list(as_json: bool) -> None:
    """Print what ships: name, task, epochs and a line on each."""
    recipes = [load_recipe(path) for path in shipped_recipes()]
    if as_json:
        emit_json(
            [
                {
                    "name": recipe.name,
                    "task": recipe.task,
                    "epochs": recipe.optimizer.epochs,
                    "description": recipe.description,
                }
                for recipe in recipes
            ]
        )
        return
    by_task: dict[str, list[Any]] = {}
    for recipe in recipes:
        by_task.setdefault(recipe.task, []).append(recipe)
    for task, found in by_task.items():
        click.echo(f"{task}")
        for recipe in found:
            click.echo(f"  {recipe.name}")
            line = f"{recipe.description}, {recipe.optimizer.epochs} epochs"
            click.echo(textwrap.indent(textwrap.fill(line, 72), "      "))


def emit_recipe(name: str, overrides: Sequence[str], as_json: bool) -> None:
    """Print every key of a recipe, one a line: what `--set` takes, and what the default is.

    Tables of other tasks, and those of methods that are off, are left out.
    """
    recipe = load_recipe(find_recipe(name), overrides)
    values = recipe.model_dump(mode="json", exclude=_not_used(recipe))
    if as_json:
        emit_json(values)
        return
    # Not parsed: the defaults alone need not fit a task.
    defaults = _flat(type(recipe).model_construct(name=recipe.name).model_dump(mode="json"))
    click.echo(textwrap.fill(f"{recipe.name}: {recipe.description}", 80))
    rows = [
        (key, _short(value), "" if value == defaults.get(key) else _short(defaults.get(key)))
        for key, value in _flat(values).items()
    ]
    emit_table("", ("key", "value", "default"), rows, 3)


def _not_used(recipe: Recipe) -> set[str]:
    own = TASKS[recipe.task].sections
    others = {key for task in TASKS.values() for key in task.sections} - set(own)
    off = {name for name, value in recipe if isinstance(value, MethodSection) and not value.enabled}
    return others | off


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 18 else f"{text[:15]}..."

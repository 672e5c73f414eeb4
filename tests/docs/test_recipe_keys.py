"""docs/recipe-keys.md is what the schema says."""

import documentation

from bireid_deploy.recipes import parse_recipe
from bireid_deploy.recipes.keys_table import keys_page
from bireid_deploy.recipes.schema import recipe_schema
from bireid_deploy.training.recipe import dotted_keys

PAGE = documentation.REPOSITORY / "docs" / "recipe-keys.md"


def test_the_page_is_current():
    command = "python -m bireid_deploy.recipes.keys_table > docs/recipe-keys.md"
    assert PAGE.read_text() == keys_page(), f"write it again: {command}"


def test_every_key_has_a_row_with_a_default():
    rows = [line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    keys = [row[0].removeprefix("| ").strip("`") for row in rows]
    assert keys == sorted(set(keys), key=keys.index)
    assert set(keys) == set(dotted_keys(recipe_schema()))
    defaults = {row[0].strip("| `"): row[2].removesuffix(" |").strip("`") for row in rows}
    recipe = parse_recipe({"name": "a"}, "test")
    assert defaults["optimizer.epochs"] == str(recipe.optimizer.epochs)
    assert defaults["optimizer.schedule"] == f'"{recipe.optimizer.schedule}"'

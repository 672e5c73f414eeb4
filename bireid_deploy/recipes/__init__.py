"""Recipes: TOML files beside this one, their schema, and how they are read.

Nothing heavy is imported to validate a recipe.
"""

from bireid_deploy.recipes.files import find_recipe, load_recipe, parse_recipe, shipped_recipes

__all__ = ["find_recipe", "load_recipe", "parse_recipe", "shipped_recipes"]

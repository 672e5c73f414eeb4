"""Reading recipe files: what a recipe extends, and what a command line overrides."""

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bireid_runtime.files import read_text

from bireid_deploy.errors import RecipeError
from bireid_deploy.recipes.schema import recipe_schema
from bireid_deploy.training.recipe import Recipe

RECIPES = Path(__file__).parent
# Of a recipe that extends another: these two are its own.
_NOT_INHERITED = ("name", "description", "extends")


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe file.

    A recipe may say `extends = "other"`, the name of a shipped recipe or a `.toml` file beside it,
    and then holds only what differs. The other one may extend a third, and so on.

    Args:
        path: TOML file.
        overrides: `section.key=value` assignments, the value in TOML syntax (bare words are
            strings), applied on top of the file.

    Raises:
        RecipeError: The file is missing, not TOML, extends itself, or does not validate; the
            message names the key and, for an unknown one, the nearest known.
    """
    document = _read_with_bases(path, ())
    for override in overrides:
        assign_override(document, override)
    return parse_recipe(document, source=str(path))


def parse_recipe(document: Mapping[str, Any], source: str) -> Recipe:
    """Validate a recipe given as nested dictionaries; `source` opens the error message.

    Raises:
        RecipeError: As `load_recipe`.
    """
    return recipe_schema().parse(document, source)


def find_recipe(name: str) -> Path:
    """Path of a recipe: `name` itself if it ends in `.toml`, otherwise one that ships.

    Raises:
        RecipeError: None of that name ships.
    """
    if name.endswith(".toml"):
        return Path(name)
    shipped = {path.stem: path for path in shipped_recipes()}
    if name not in shipped:
        close = get_close_matches(name, shipped, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        raise RecipeError(
            f"no recipe named {name!r} is installed; {meant}give a .toml file or one of: "
            f"{', '.join(shipped)}"
        )
    return shipped[name]


def shipped_recipes() -> list[Path]:
    """The recipes that ship, by name."""
    return sorted(RECIPES.glob("*.toml"))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path))
    except FileNotFoundError:
        raise RecipeError(
            f"{path}: no such recipe; give a TOML file, or a name that ships"
        ) from None
    # Of a number of thousands of digits, Python raises a plain ValueError.
    except (OSError, ValueError, RecursionError) as error:
        raise RecipeError(f"{path}: not a readable TOML file: {error}") from error


def _read_with_bases(path: Path, extending: tuple[Path, ...]) -> dict[str, Any]:
    """A recipe with everything that it extends; `extending` are the files on the way to it."""
    here = path.resolve()
    if here in extending:
        chain = " - ".join(each.name for each in (*extending, here))
        raise RecipeError(f"{extending[0]}: extends itself: {chain}")
    document = _read(path)
    if "extends" not in document:
        return document
    other = document.pop("extends")
    if not isinstance(other, str):
        raise RecipeError(f"{path}: extends is {other!r}; it must be the name of a recipe")
    base_path = path.parent / other if other.endswith(".toml") else find_recipe(other)
    base = _read_with_bases(base_path, (*extending, here))
    inherited = {key: value for key, value in base.items() if key not in _NOT_INHERITED}
    return _merged(inherited, document)


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        table = merged.get(key)
        if isinstance(table, dict) and isinstance(value, dict):
            value = _merged(table, value)
        merged[key] = value
    return merged


def assign_override(document: dict[str, Any], override: str) -> None:
    """Put one `section.key=value` into a document, the value in TOML syntax or a bare word.

    Raises:
        RecipeError: It is no assignment, or leads through something that is no section.
    """
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set {override}: expected section.key=value")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"--set {key}: {error}") from error
    *sections, last = key.strip().split(".")
    for section in sections:
        document = document.setdefault(section, {})
        if not isinstance(document, dict):
            raise RecipeError(f"--set {override}: {section} is not a section")
    document[last] = value

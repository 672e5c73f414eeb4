"""Training recipes: TOML files, validated before anything heavy is imported."""

import difflib
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from bireid_models.binarizations import BINARIZATIONS
from pydantic import Field, ValidationError, model_validator

from bireid_deploy.errors import RecipeError, TrainingError
from bireid_deploy.training.recipe_sections import (
    AugmentationSection,
    BatchSection,
    DiscriminatorSection,
    DistillationSection,
    FeaturePair,
    FeatureRefiningSection,
    KernelRefiningSection,
    LossSection,
    NetworkSection,
    OptimizerSection,
    Section,
)

__all__ = [
    "AugmentationSection",
    "BatchSection",
    "DiscriminatorSection",
    "DistillationSection",
    "FeaturePair",
    "FeatureRefiningSection",
    "KernelRefiningSection",
    "LossSection",
    "NetworkSection",
    "OptimizerSection",
    "Recipe",
    "differences",
    "find_recipe",
    "load_recipe",
    "parse_recipe",
]


class Recipe(Section):
    """Everything that decides a training run apart from the data set.

    `task`: `reid` learns identities, `classification` plain classes. `images_per_class`: of each
    class, the first so many images train; None takes all. `repeatable`: the same recipe and data
    give the same weights to the last bit, interrupted or not; without it training is about a fifth
    faster on a CPU.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)]
    description: str = ""
    task: Literal["reid", "classification"] = "reid"
    images_per_class: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    repeatable: bool = True
    network: NetworkSection = NetworkSection()
    batch: BatchSection = BatchSection()
    augmentation: AugmentationSection = AugmentationSection()
    loss: LossSection = LossSection()
    kernel_refining: KernelRefiningSection = KernelRefiningSection(enabled=False)
    feature_refining: FeatureRefiningSection = FeatureRefiningSection(enabled=False)
    distillation: DistillationSection = DistillationSection(enabled=False)
    optimizer: OptimizerSection = OptimizerSection()

    def require_teacher(self, given: bool) -> None:
        """Refuse a call that names no teacher where the recipe needs one, or the reverse.

        Raises:
            TrainingError: It does.
        """
        if self.distillation.enabled and not given:
            raise TrainingError(
                f"recipe {self.name!r} learns from a teacher; name the teacher's run with --teacher"
            )
        if given and not self.distillation.enabled:
            raise TrainingError(
                f"recipe {self.name!r} does not learn from a teacher; leave out --teacher, or add "
                "--set distillation.enabled=true"
            )

    @model_validator(mode="after")
    def _kernel_refining_fits_the_network(self) -> "Recipe":
        if not self.kernel_refining.enabled:
            return self
        if self.network.precision != "binary":
            raise ValueError("kernel_refining needs 1-bit kernels: set network.precision='binary'")
        if not BINARIZATIONS[self.network.binarization].learned_alpha:
            raise ValueError(
                f"kernel_refining needs a learned alpha, which {self.network.binarization!r} has "
                "not: set network.binarization='bireid'"
            )
        return self

    @model_validator(mode="after")
    def _losses_fit_the_task(self) -> "Recipe":
        loss, batch = self.loss, self.batch
        if self.task == "reid" and self.images_per_class is not None:
            raise ValueError("images_per_class is for task='classification' alone")
        if self.task == "classification" and (
            batch.sampling != "shuffled" or loss.triplet_weight > 0
        ):
            raise ValueError(
                "classification has no identities: set batch.sampling='shuffled' and "
                "loss.triplet_weight=0"
            )
        if loss.triplet_weight > 0 and (
            batch.images_per_identity < 2 or batch.sampling != "identity"
        ):
            raise ValueError(
                "the triplet loss needs batch.sampling='identity' and at least 2 "
                "batch.images_per_identity; or set loss.triplet_weight=0"
            )
        if not (loss.identity_weight or loss.triplet_weight or self.distillation.enabled):
            raise ValueError("nothing teaches the task: set loss.identity_weight above 0")
        return self


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe file.

    A recipe may say `extends = "other"`, the name of a shipped recipe or a `.toml` file beside it,
    and then holds only what differs. The other one cannot extend a third.

    Args:
        path: TOML file.
        overrides: `section.key=value` assignments, the value in TOML syntax (bare words are
            strings), applied on top of the file.

    Raises:
        RecipeError: The file is missing, not TOML, or does not validate; the message names the key
            and, for an unknown one, the nearest known.
    """
    document = _read(path)
    if "extends" in document:
        document = _extended(document, path)
    for override in overrides:
        _assign(document, override)
    return parse_recipe(document, source=str(path))


def parse_recipe(document: dict[str, Any], source: str) -> Recipe:
    """Validate a recipe given as nested dictionaries; `source` opens the error message."""
    try:
        return Recipe.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        raise RecipeError(f"{source}: {_first_problem(error)}") from error


def find_recipe(name: str) -> Path:
    """Path of a recipe shipped with the project, by its file name without `.toml`."""
    import bireid_models

    package = Path(bireid_models.__file__).parent
    for folder in (package / "recipes", package.parent / "recipes"):
        candidate = folder / f"{name}.toml"
        if candidate.is_file():
            return candidate
    raise RecipeError(f"no recipe named {name!r} is installed; give the path of a TOML file")


def differences(first: Recipe, second: Recipe) -> list[str]:
    """Dotted names of the keys in which two recipes differ."""
    one, two = _flatten(first.model_dump()), _flatten(second.model_dump())
    return sorted(key for key in one.keys() | two.keys() if one.get(key) != two.get(key))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError(f"{path}: no such recipe; see models/recipes for examples") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{path}: not a readable TOML file: {error}") from error


def _extended(document: dict[str, Any], path: Path) -> dict[str, Any]:
    """The recipe that `document` extends, with its differences applied."""
    other = document["extends"]
    if not isinstance(other, str):
        raise RecipeError(f"{path}: extends is {other!r}; it must be the name of a recipe")
    base_path = path.parent / other if other.endswith(".toml") else find_recipe(other)
    base = _read(base_path)
    if "extends" in base:
        raise RecipeError(
            f"{path}: extends {other}, which extends a recipe itself; extend that one"
        )
    settings = {key: value for key, value in base.items() if key not in ("name", "description")}
    return _merged(settings, {key: value for key, value in document.items() if key != "extends"})


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        table = merged.get(key)
        if isinstance(table, dict) and isinstance(value, dict):
            value = _merged(table, value)
        merged[key] = value
    return merged


def _flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, item in value.items():
        flat.update(_flatten(item, f"{prefix}.{key}" if prefix else key))
    return flat


def _assign(document: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set {override}: expected section.key=value")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *sections, last = key.strip().split(".")
    for section in sections:
        document = document.setdefault(section, {})
        if not isinstance(document, dict):
            raise RecipeError(f"--set {override}: {section} is not a section")
    document[last] = value


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"]) or "recipe"
    if problem["type"] == "extra_forbidden":
        return f"unknown key {where}{_suggestion(problem['loc'])}"
    message = problem["msg"].removeprefix("Value error, ")
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {message}{more}"


def _suggestion(location: tuple[int | str, ...]) -> str:
    known: list[str] = []
    section: Any = Recipe
    for part in location[:-1]:
        field = section.model_fields.get(part) if hasattr(section, "model_fields") else None
        section = field.annotation if field else None
    if hasattr(section, "model_fields"):
        known = list(section.model_fields)
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known keys: {', '.join(known)}" if known else ""

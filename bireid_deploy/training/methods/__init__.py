"""The training methods: each is a folder here and one line in `METHODS`."""

from pathlib import Path
from typing import Any

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.methods.base import Method, TellingMethod
from bireid_deploy.training.methods.distillation import Distillation
from bireid_deploy.training.methods.feature_refining import FeatureRefiningMethod
from bireid_deploy.training.methods.kernel_refining import KernelRefiningMethod
from bireid_deploy.training.methods.pruning import Pruning
from bireid_deploy.training.methods.rbcn import Rbcn
from bireid_deploy.training.methods.rbcn_features import RbcnFeatures
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.teacher_cache import teacher_identity

# The order of the terms in tables, and of the adversaries' variables in checkpoints.
METHODS: dict[str, Method] = {
    "distillation": Distillation(),
    "kernel_refining": KernelRefiningMethod(),
    "feature_refining": FeatureRefiningMethod(),
    "rbcn": Rbcn(),
    "rbcn_features": RbcnFeatures(),
    "pruning": Pruning(),
}


def enabled_methods(recipe: Recipe) -> list[Method]:
    """The methods that a recipe enables, in the order of the table."""
    return [
        method
        for method in METHODS.values()
        if recipe.has(method.section) and recipe.section(method.section).enabled
    ]


def require_teacher(recipe: Recipe, given: bool) -> None:
    """Refuse a call that names no teacher where the recipe needs one, or the reverse.

    Raises:
        TrainingError: It does.
    """
    needed = any(method.learns_from_teacher for method in enabled_methods(recipe))
    if needed and not given:
        raise TrainingError(
            f"recipe {recipe.name!r} learns from a teacher; name the teacher's run with --teacher; "
            "distillation takes a bundle, a file of teach-cache or a checkpoint of PyTorch, too"
        )
    if given and not needed:
        names = [name for name, method in METHODS.items() if method.learns_from_teacher]
        raise TrainingError(
            f"recipe {recipe.name!r} does not learn from a teacher; leave out --teacher, or add "
            f"--set {' or '.join(f'{name}.enabled=true' for name in names)}"
        )


def said_of_teacher(recipe: Recipe, teacher: Path | None) -> list[str]:
    """What the methods of a recipe take for granted of a teacher, a line each.

    Raises:
        BireidError: The teacher cannot be read.
    """
    if teacher is None:
        return []
    telling = [method for method in enabled_methods(recipe) if isinstance(method, TellingMethod)]
    return [line for method in telling for line in method.said_of_teacher(recipe, teacher)]


def teacher_origin(recipe: Recipe, teacher: Path | None) -> dict[str, Any] | None:
    """Which teacher this is, and what it was taken for, which a resumed run must have alike.

    Raises:
        BireidError: The teacher cannot be read.
    """
    if teacher is None:
        return None
    said = said_of_teacher(recipe, teacher)
    return {**teacher_identity(teacher), **({"taken_for": said} if said else {})}

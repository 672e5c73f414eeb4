"""Joining a training of several machines."""

import hashlib
import json
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.methods import METHODS, enabled_methods
from bireid_deploy.training.methods.base import ReplicableMethod
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.workers.members import Members
from bireid_deploy.training.workers.rendezvous import PATIENCE, meet
from bireid_deploy.training.workers.replicas import ALONE, Replicas

_PACKAGES = ("bireid-deploy", "tensorflow", "tf-keras", "numpy")


def require_replicable(recipe: Recipe) -> list[str]:
    """Refuse methods that were not made for several replicas.

    Returns:
        What the others see on each worker, a line each.

    Raises:
        TrainingError: The recipe enables one that was not.
    """
    enabled, lines = enabled_methods(recipe), []
    for name, method in METHODS.items():
        if method not in enabled:
            continue
        if not isinstance(method, ReplicableMethod):
            raise TrainingError(
                f"{name} is not made for several workers; train in one process, or set "
                f"{name}.enabled=false"
            )
        lines.append(f"{name}, on each worker: {method.per_replica}")
    return lines


def join(
    members: Members | None, recipe: Recipe, said: Mapping[str, Any], patience: float = PATIENCE
) -> Replicas:
    """Meet the others and make TensorFlow one with theirs.

    Args:
        members: Who they are; None or a single one trains alone.
        recipe: What is trained.
        said: What else must be alike in all of them, by its name, JSON-serialisable.
        patience: Seconds to wait for the others.

    Raises:
        ClusterError: One did not come, left, or is about to train something else.
        ArgumentError: This process has several GPUs.
    """
    if members is None or members.count == 1:
        return ALONE
    versions = {f"version of {name}": metadata.version(name) for name in _PACKAGES}
    alike = {"recipe": recipe.model_dump(mode="json"), **said}
    meet(members, {**versions, **{key: _hash(value) for key, value in alike.items()}}, patience)
    from bireid_deploy.training.workers.mirrored import Mirrored

    return Mirrored(members)


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()

"""The recipe of a training on clusters, made from that of the run it starts from."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from bireid_deploy.adaptation.clustering.section import ClusteringSection
from bireid_deploy.errors import RecipeError
from bireid_deploy.recipes import parse_recipe
from bireid_deploy.recipes.files import assign_override
from bireid_deploy.training.methods import METHODS
from bireid_deploy.training.recipe import Recipe

_TABLE = "clustering"
# A network that can do its work already: few epochs, and rates of a fine-tuning.
_OPTIMIZER: dict[str, Any] = {
    "method": "adam",
    "epochs": 10,
    "kernel_rate": 1e-3,
    "alpha_rate": 1e-4,
    "other_rate": 3e-4,
    "weight_decay": 5e-4,
    "schedule": "cosine",
    "warmup_epochs": 0.0,
}
_BATCH = {"sampling": "identity", "identities": 8, "images_per_identity": 4}


def clustering_recipe(
    source: Recipe, overrides: Sequence[str] = ()
) -> tuple[Recipe, ClusteringSection]:
    """What to train with, and how to cluster.

    Network, augmentation and seed are those of the source; its methods are off, and its losses are
    not used.

    Args:
        source: Recipe of the run that is adapted.
        overrides: `section.key=value` assignments; the section `clustering` has the settings of
            `ClusteringSection`.

    Raises:
        RecipeError: An assignment is malformed, its key is unknown or its value impossible.
    """
    document = source.model_dump(mode="json")
    document |= {
        "name": f"{source.name}-adapted",
        "description": f"{source.name}, trained on clusters of unlabelled crops",
        "batch": dict(_BATCH),
        "optimizer": dict(_OPTIMIZER),
        _TABLE: {},
    }
    for name in METHODS:
        document.pop(name, None)
    for override in overrides:
        assign_override(document, override)
    settings = document.pop(_TABLE)
    return parse_recipe(document, "adapt"), _section(settings)


def _section(settings: Any) -> ClusteringSection:
    try:
        return ClusteringSection.model_validate(settings)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join([_TABLE, *map(str, problem["loc"])])
        raise RecipeError(
            f"adapt: {where}: {problem['msg'].removeprefix('Value error, ')}"
        ) from error

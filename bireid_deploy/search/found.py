"""What a search leaves beside its record: recipes of what was found, and of its controls."""

import numpy as np
from bireid_models.backbones.cdnet import place_channels
from bireid_models.backbones.cdnet_architecture import (
    PLACES,
    Architecture,
    weights_of,
    write_architecture,
)
from bireid_models.config import NetworkConfig

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.search_section import SearchSection

SIZE_TOLERANCE = 0.02
_DRAWS = 10_000


def recipe_text(name: str, description: str, base: str, architecture: Architecture) -> str:
    """A recipe, TOML: `base` with this architecture; `train` takes the file."""
    return (
        f'name = "{name}"\n'
        f'description = "{description}"\n'
        f'extends = "{base}"\n\n'
        "[network]\n"
        'backbone = "cdnet"\n'
        f'architecture = "{write_architecture(architecture)}"\n'
    )


def random_architectures(
    found: Architecture, config: NetworkConfig, space: SearchSection, count: int, seed: int
) -> list[Architecture]:
    """Architectures of a space that were not searched but drawn, of the size of what was found.

    Args:
        found: What was found, which is not among them.
        config: Whose channels count.
        space: What may stand at each place.
        count: How many.
        seed: Of the draw.

    Returns:
        Different ones, each of within 2 % of the weights, counted as real-valued ones.

    Raises:
        TrainingError: 10,000 draws did not give so many.
    """
    channels = place_channels(config)
    size = weights_of(found, channels)
    rng = np.random.default_rng([seed, size])
    candidates = space.candidates
    drawn: dict[Architecture, None] = {}
    for _ in range(_DRAWS):
        if len(drawn) == count:
            break
        each = tuple(candidates[index] for index in rng.integers(len(candidates), size=PLACES))
        if each != found and abs(weights_of(each, channels) - size) <= SIZE_TOLERANCE * size:
            drawn[each] = None
    if len(drawn) < count:
        raise TrainingError(
            f"only {len(drawn)} architectures have the size of {write_architecture(found)!r}; ask "
            "for fewer controls"
        )
    return list(drawn)

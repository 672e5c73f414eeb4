"""A backbone of two units, for tests that train or run a network many times."""

from typing import Any

from bireid_models.backbones.stem import resnet_stem
from bireid_models.units import Unit


def two_units(image: Any, config: Any) -> dict[str, Any]:
    """Maps `low` and `high`, each of half the size of the one before."""
    low = Unit.of(config, "low", config.channels(64), 2)(resnet_stem(image, config))
    return {"low": low, "high": Unit.of(config, "high", config.channels(128), 2)(low)}

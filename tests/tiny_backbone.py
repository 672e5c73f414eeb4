"""A backbone of two units, for tests that train or run a network many times."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from bireid_models.backbones import BACKBONES, Backbone
from bireid_models.backbones.stem import resnet_stem
from bireid_models.units import Unit


def two_units(image: Any, config: Any) -> dict[str, Any]:
    """Maps `stage1` and `stage2`, each of half the size of the one before."""
    low = Unit.of(config, "stage1_unit1", config.channels(64), 2)(resnet_stem(image, config))
    return {
        "stage1": low,
        "stage2": Unit.of(config, "stage2_unit1", config.channels(128), 2)(low),
    }


@contextmanager
def known() -> Iterator[str]:
    """The backbone is one of the table; gives its name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKBONES, "two_units", Backbone(f"{__name__}:two_units"))
        yield "two_units"

"""The network of an architecture search: CDNet with all candidates at every place."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bireid_models.backbones.cdnet import stages
from bireid_models.backbones.cdnet_architecture import Architecture, Choice
from bireid_models.backbones.cdnet_blocks import chain, pointwise
from bireid_models.config import NetworkConfig
from bireid_models.framework import keras
from bireid_models.mixed_place import MixedPlace, Unselected
from bireid_models.network import Network, build_on


@dataclass(frozen=True)
class Supernet:
    """A built supernet.

    Attributes:
        network: The network with all candidates; its head is `blneck` behind one more 1x1.
        places: Where the candidates stand, from input to output.
        candidates: What they are, the same at each place.
    """

    network: Network
    places: tuple[MixedPlace, ...]
    candidates: tuple[Choice, ...]

    def architecture(self) -> Architecture:
        """The candidate with the largest alpha of each place; of equal ones, as `rank` says."""
        found = []
        for place in self.places:
            order = np.lexsort((place.rank.numpy(), -place.alpha.numpy()))
            found.append(self.candidates[order[0]])
        return tuple(found)


def build_supernet(
    config: NetworkConfig, candidates: Sequence[Choice], top: int, unselected: Unselected
) -> Supernet:
    """Build a supernet with fresh weights from Keras' global random seed.

    Args:
        config: Network description; `architecture` and `head` are not read.
        candidates: What may stand at each place, more than `top`.
        top: How many of them run.
        unselected: See `MixedPlace`.
    """
    places = []

    def place(x: Any, number: int, name: str, filters: int) -> Any:
        models = []
        for choice in candidates:
            inner = keras.Input(x.shape[1:])
            prefix = f"{name}_{str(choice).replace('+', '_')}"
            models.append(keras.Model(inner, chain(inner, config, choice, prefix, filters)))
        places.append(MixedPlace(models, top, unselected, name=name))
        return places[-1](x)

    def maps(image: Any, config: NetworkConfig) -> dict[str, Any]:
        found = stages(image, config, place)
        last = list(found.values())[-1]
        return {**found, "search": pointwise(last, config, "search", last.shape[-1])}

    network = build_on(dataclasses.replace(config, head="blneck"), maps)
    return Supernet(network, tuple(places), tuple(candidates))

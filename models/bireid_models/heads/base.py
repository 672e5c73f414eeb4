"""What a head is to the rest of the package."""

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bireid_models.config import NetworkConfig


@dataclass(frozen=True)
class HeadOutputs:
    """What a head makes of the maps of a backbone.

    Attributes:
        features: Keras tensors that losses read, by name; none has the name of a backbone's.
        outputs: Keras tensors that the deployed network gives, by name, at least one. Each is the
            output of a layer of that name, which is how a converted file names it.
    """

    features: dict[str, Any]
    outputs: dict[str, Any]


@dataclass(frozen=True)
class Head:
    """A row of `HEADS`.

    Attributes:
        builder: Reference `module:name` of a function that is called as `build` is. It is resolved
            when a network is built, because it needs TensorFlow.
    """

    builder: str

    def build(self, features: Mapping[str, Any], config: "NetworkConfig") -> HeadOutputs:
        """Build the layers on the maps of a backbone.

        Args:
            features: Keras tensors (N, H, W, C) by name, from input to output.
            config: Network description.

        Returns:
            Features for the losses and outputs of the network.
        """
        built: HeadOutputs = pkgutil.resolve_name(self.builder)(features, config)
        return built

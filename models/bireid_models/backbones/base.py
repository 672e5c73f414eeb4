"""What a backbone is to the rest of the package."""

import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bireid_models.config import NetworkConfig


@dataclass(frozen=True)
class Backbone:
    """A row of `BACKBONES`.

    Attributes:
        builder: Reference `module:name` of a function that is called as `build` is. It is resolved
            when a network is built, because it needs TensorFlow.
        least_input: Fewest rows and columns of its input.
    """

    builder: str
    least_input: tuple[int, int] = (32, 32)

    def build(self, image: Any, config: "NetworkConfig") -> dict[str, Any]:
        """Build the layers on a Keras tensor.

        Args:
            image: (N, input_height, input_width, input_channels) float32, normalised pixels.
            config: Network description.

        Returns:
            Maps (N, H, W, C) by name, from input to output; heads read the last one.
        """
        features: dict[str, Any] = pkgutil.resolve_name(self.builder)(image, config)
        return features

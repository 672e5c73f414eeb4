"""CDNet: combined depth space (Li et al., CVPR 2021).

Six places in three stages, each with blocks whose two branches see a smaller and a larger part of
the map (`cdnet_blocks`). Maps are halved between the stages alone.
"""

from collections.abc import Callable
from typing import Any

from bireid_models.backbones.cdnet_architecture import Choice, parse_architecture
from bireid_models.backbones.cdnet_blocks import chain, pointwise
from bireid_models.backbones.stem import cdnet_stem
from bireid_models.config import NetworkConfig
from bireid_models.framework import keras

STEM_CHANNELS = 64
STAGE_CHANNELS = (256, 384, 512)
_PLACES_PER_STAGE = 2

Place = Callable[[Any, int, str, int], Any]
"""Builds a place: takes the map, the number of the place from 0, a prefix of names, channels."""


def cdnet(image: Any, config: NetworkConfig) -> dict[str, Any]:
    """Build the network that `config.architecture` names or spells out.

    Args:
        image: Keras tensor (N, input_height, input_width, input_channels), normalised pixels.
        config: Network description. Channels are rounded down to multiples of 4.

    Returns:
        `stage1`, `stage2`, `stage2_half` and `stage3`, each (N, H, W, C): a quarter of the input,
        an eighth, a 16th and a 16th (the whole, a half, a quarter and a quarter with the `cifar`
        stem); C is 256, 384, 384 and 512 at width 1. `stage2_half` is what stage 3 reads.
    """
    architecture = parse_architecture(config.architecture)

    def place(x: Any, number: int, name: str, filters: int) -> Any:
        choice: Choice = architecture[number]
        return chain(x, config, choice, name, filters)

    return stages(image, config, place)


def stages(image: Any, config: NetworkConfig, place: Place) -> dict[str, Any]:
    """The stem, three stages of two places, and what halves the maps between them; see `cdnet`."""
    x = cdnet_stem(image, config, scaled(STEM_CHANNELS, config))
    maps = {}
    for stage, base in enumerate(STAGE_CHANNELS):
        if stage:
            x = _halved(x, config, f"stage{stage}_downsample")
        if stage == len(STAGE_CHANNELS) - 1:
            maps[f"stage{stage}_half"] = x
        for index in range(_PLACES_PER_STAGE):
            number = _PLACES_PER_STAGE * stage + index
            x = place(x, number, f"stage{stage + 1}_place{index + 1}", scaled(base, config))
        maps[f"stage{stage + 1}"] = x
    return maps


def place_channels(config: NetworkConfig) -> list[tuple[int, int]]:
    """Channels of the map before and behind each place."""
    behind = [scaled(base, config) for base in STAGE_CHANNELS for _ in range(_PLACES_PER_STAGE)]
    return list(zip([scaled(STEM_CHANNELS, config), *behind], behind, strict=False))


def scaled(base: int, config: NetworkConfig) -> int:
    """Channels of a layer that has `base` at width 1, rounded down to a multiple of 4."""
    return max(4, int(base * config.width) // 4 * 4)


def _halved(x: Any, config: NetworkConfig, name: str) -> Any:
    x = pointwise(x, config, name, x.shape[-1])
    return keras.layers.AveragePooling2D(2, 2, padding="same", name=f"{name}_pool")(x)

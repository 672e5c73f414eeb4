"""MobileNetV1 as ReActNet-A lays it out: 3x3 and 1x1 convolutions in turn."""

from typing import Any

from bireid_models.backbones.stem import mobilenet_stem
from bireid_models.binarizations import BINARIZATIONS
from bireid_models.config import NetworkConfig
from bireid_models.units import Shortcut, Unit

# Per stage, the factor of each block on the channels of the stem. A block that doubles the channels
# halves the map as well, except the very first one.
_STAGES = ((2, 4, 4), (8, 8), (16, 16, 16, 16, 16, 16), (32, 32))


def mobilenet(image: Any, config: NetworkConfig) -> dict[str, Any]:
    """Build the backbone.

    A block is a full 3x3 convolution, in the place of MobileNet's depthwise one, that keeps the
    channels, and a 1x1 convolution that may double them. With a shortcut per convolution, that of
    the 3x3 one is averaged where it has a stride, and that of the 1x1 one repeats the channels
    where they double; neither has weights. ReActNet-A writes a doubling 1x1 convolution as two, one
    above the other, which is the same but for the order of the channels. MobileNetV1 itself has no
    shortcuts, so there are none with `Binarization.shortcut` set to `block`.

    Args:
        image: Keras tensor (N, input_height, input_width, input_channels), normalised pixels.
        config: Network description; the channels are powers of two times those of the stem, which
            has 32 at width 1.

    Returns:
        The outputs of `stage1` to `stage4`, each (N, H, W, C): a quarter of the input, an eighth, a
        16th, a 32nd, twice as much with the `cifar` stem; `stage4` keeps the size of `stage3` with
        last_stride 1. C is 128, 256, 512 and 1024 at width 1.
    """
    plain = BINARIZATIONS[config.binarization].shortcut == "block"
    shortcut: Shortcut | None = None if plain else "repetition"
    x = mobilenet_stem(image, config)
    stem_channels = x.shape[-1]
    stages = {}
    for stage, factors in enumerate(_STAGES, start=1):
        for index, factor in enumerate(factors, start=1):
            channels = x.shape[-1]
            stride = _stride(stage, factor * stem_channels > channels, factor, config)
            name = f"stage{stage}_block{index}"
            x = Unit.of(config, f"{name}_unit1", channels, stride, 3, shortcut)(x)
            x = Unit.of(config, f"{name}_unit2", factor * stem_channels, 1, 1, shortcut)(x)
        stages[f"stage{stage}"] = x
    return stages


def _stride(stage: int, doubles: bool, factor: int, config: NetworkConfig) -> int:
    if not doubles or factor == _STAGES[0][0]:
        return 1
    return config.last_stride if stage == len(_STAGES) else 2

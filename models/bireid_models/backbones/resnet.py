"""ResNet-10, 18, 34 and 50.

`Binarization.shortcut` chooses the wiring. `block` is that of He et al. 2016. `convolution` gives
every binary convolution a shortcut of its own, as Bi-Real Net does, because a sign keeps too little
of its input for two convolutions in a row.
"""

from collections.abc import Callable, Sequence
from typing import Any

from bireid_models.backbones.stem import resnet_stem
from bireid_models.binarizations import BINARIZATIONS
from bireid_models.config import NetworkConfig
from bireid_models.units import Unit

STAGE_CHANNELS = (64, 128, 256, 512)
BOTTLENECK_EXPANSION = 4

# Takes the input map, the configuration, name and channels of the stage, number of the block in it,
# and stride.
_Block = Callable[[Any, NetworkConfig, str, int, int, int], Any]


def resnet18(image: Any, config: NetworkConfig) -> dict[str, Any]:
    """Build ResNet-18: two blocks of two 3x3 convolutions in each stage.

    Args:
        image: Keras tensor (N, input_height, input_width, input_channels), normalised pixels.
        config: Network description.

    Returns:
        The outputs of `stage1` to `stage4`, each (N, H, W, C), H and W halved from stage to stage
        (`stage1` is a quarter of the input, or the whole with the `cifar` stem; `stage4` keeps the
        size with last_stride 1).
    """
    return _resnet(image, config, (2, 2, 2, 2), basic_block)


def resnet10(image: Any, config: NetworkConfig) -> dict[str, Any]:
    """Build ResNet-10, with one of the blocks of ResNet-18 in each stage; see `resnet18`."""
    return _resnet(image, config, (1, 1, 1, 1), basic_block)


def resnet18_stage2(image: Any, config: NetworkConfig) -> dict[str, Any]:
    """Build the first two stages of ResNet-18, whose map is as fine as a tracker's must be."""
    return _resnet(image, config, (2, 2), basic_block)


def resnet18_stage3(image: Any, config: NetworkConfig) -> dict[str, Any]:
    """Build ResNet-18 without its last stage, which holds most of the weights; see `resnet18`."""
    return _resnet(image, config, (2, 2, 2), basic_block)


def resnet34(image: Any, config: NetworkConfig) -> dict[str, Any]:
    """Build ResNet-34, with 3, 4, 6 and 3 of the blocks of ResNet-18; see `resnet18`."""
    return _resnet(image, config, (3, 4, 6, 3), basic_block)


def resnet50(image: Any, config: NetworkConfig) -> dict[str, Any]:
    """Build ResNet-50, with 3, 4, 6 and 3 bottlenecks of 1x1, 3x3 and 1x1; see `resnet18`.

    The last 1x1 convolution of a bottleneck quadruples the channels and ends with the block's own
    shortcut from the input of the block, which goes through a 1x1 convolution where the shapes
    differ. With a shortcut per convolution, the 3x3 one gets an identity, averaged over the stride.
    The first 1x1 convolution has none: there is no sum of a map and one with a quarter of its
    channels, and what it drops, the block's shortcut carries.
    """
    return _resnet(image, config, (3, 4, 6, 3), _bottleneck)


def _resnet(
    image: Any, config: NetworkConfig, blocks: Sequence[int], block: _Block
) -> dict[str, Any]:
    channels = config.stages(STAGE_CHANNELS[: len(blocks)])
    x = resnet_stem(image, config, channels[0])
    stages = {}
    for stage, count in enumerate(blocks, start=1):
        for index in range(1, count + 1):
            stride = _stride(stage, index, config)
            x = block(x, config, f"stage{stage}", channels[stage - 1], index, stride)
        stages[f"stage{stage}"] = x
    return stages


def basic_block(
    x: Any, config: NetworkConfig, stage: str, filters: int, index: int, stride: int
) -> Any:
    """Two 3x3 convolutions.

    Args:
        x: Input map (N, H, W, C).
        config: Network description.
        stage: Name of the stage.
        filters: Its channels.
        index: Number of the block in the stage, from 1.
        stride: Of the first convolution.

    Returns:
        (N, ceil(H / stride), ceil(W / stride), filters).
    """
    first, second = (f"{stage}_unit{2 * index - 1 + unit}" for unit in (0, 1))
    if BINARIZATIONS[config.binarization].shortcut == "convolution":
        return Unit.of(config, second, filters)(Unit.of(config, first, filters, stride)(x))
    y = Unit.of(config, first, filters, stride, shortcut=None, read_once=True)(x)
    return Unit.of(config, second, filters)(y, skip=x, skip_stride=stride)


def _bottleneck(
    x: Any, config: NetworkConfig, stage: str, filters: int, index: int, stride: int
) -> Any:
    name = f"{stage}_block{index}"
    each_has_one = BINARIZATIONS[config.binarization].shortcut == "convolution"
    y = Unit.of(
        config,
        f"{name}_unit1",
        filters,
        kernel_size=1,
        shortcut=None,
        read_once=not each_has_one,
    )(x)
    y = Unit.of(
        config,
        f"{name}_unit2",
        filters,
        stride,
        shortcut="repetition" if each_has_one else None,
        read_once=True,
    )(y)
    expanded = BOTTLENECK_EXPANSION * filters
    return Unit.of(config, f"{name}_unit3", expanded, kernel_size=1)(y, skip=x, skip_stride=stride)


def _stride(stage: int, block: int, config: NetworkConfig) -> int:
    if stage == 1 or block > 1:
        return 1
    return config.last_stride if stage == len(STAGE_CHANNELS) else 2

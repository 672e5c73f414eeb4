"""WideResNet-22 and 40, Zagoruyko and Komodakis 2016: three stages for images of 32x32.

The book gives their kernel stages as four numbers, of the stem and of the stages, such as
64-64-128-256; here the stem has the channels of the first stage, and `NetworkConfig.width` is the
factor k of WRN-d-k on 16, 32 and 64: 64-64-128-256 is width 4.
"""

from typing import Any

from bireid_models.backbones.resnet import basic_block
from bireid_models.backbones.stem import resnet_stem
from bireid_models.config import NetworkConfig

STAGE_CHANNELS = (16, 32, 64)


def wide_resnet22(image: Any, config: NetworkConfig) -> dict[str, Any]:
    """Build WideResNet-22: three blocks of two 3x3 convolutions in each stage.

    Args:
        image: Keras tensor (N, input_height, input_width, input_channels), normalised pixels.
        config: Network description; `stem` is meant to be `cifar`.

    Returns:
        The outputs of `stage1` to `stage3`, each (N, H, W, C), H and W halved from stage to stage
        (`stage1` as large as the output of the stem; `stage3` keeps the size with last_stride 1).
    """
    return _wide_resnet(image, config, blocks=3)


def wide_resnet40(image: Any, config: NetworkConfig) -> dict[str, Any]:
    """Build WideResNet-40, with six blocks in each stage; see `wide_resnet22`."""
    return _wide_resnet(image, config, blocks=6)


def _wide_resnet(image: Any, config: NetworkConfig, blocks: int) -> dict[str, Any]:
    channels = config.stages(STAGE_CHANNELS)
    x = resnet_stem(image, config, channels[0])
    strides = (1, 2, config.last_stride)
    stages = {}
    for name, filters, stride in zip(
        ("stage1", "stage2", "stage3"), channels, strides, strict=True
    ):
        for index in range(1, blocks + 1):
            x = basic_block(x, config, name, filters, index, stride if index == 1 else 1)
        stages[name] = x
    return stages

"""ResNet-18 with one shortcut per convolution, as Bi-Real Net wires it."""

from typing import Any

from bireid_models.config import NetworkConfig
from bireid_models.framework import keras
from bireid_models.units import Unit, batch_norm

STAGE_CHANNELS = (64, 128, 256, 512)
UNITS_PER_STAGE = 4


def resnet18(image: Any, config: NetworkConfig) -> dict[str, Any]:
    """Build the backbone.

    The stem has no ReLU: sign(relu(x)) would be +1 everywhere at the first binary layer.

    Args:
        image: Keras tensor (N, input_height, input_width, 3), normalised pixels.
        config: Network description.

    Returns:
        The outputs of `stage1` to `stage4`, each (N, H, W, C), H and W halved from stage to stage
        (`stage1` is a quarter of the input; `stage4` keeps the size with last_stride 1).
    """
    x = keras.layers.Conv2D(
        config.channels(64),
        7,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name="stem_conv",
    )(image)
    x = batch_norm("stem_bn")(x)
    x = keras.layers.MaxPooling2D(3, 2, padding="same", name="stem_pool")(x)
    x = batch_norm("stem_pool_bn")(x)
    stages = {}
    for stage, base_channels in enumerate(STAGE_CHANNELS, start=1):
        for index in range(1, UNITS_PER_STAGE + 1):
            stride = _stride(stage, index, config)
            name = f"stage{stage}_unit{index}"
            x = Unit.of(config, name, config.channels(base_channels), stride)(x)
        stages[f"stage{stage}"] = x
    return stages


def _stride(stage: int, unit: int, config: NetworkConfig) -> int:
    if stage == 1 or unit > 1:
        return 1
    return config.last_stride if stage == len(STAGE_CHANNELS) else 2

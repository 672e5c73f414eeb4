"""MobileNetV2: inverted residuals, real-valued as published, or with 1-bit 1x1 convolutions."""

import dataclasses
from typing import Any

from bireid_models.config import NetworkConfig
from bireid_models.framework import keras
from bireid_models.initializers import depthwise_he_normal
from bireid_models.nonlinearities import relu6
from bireid_models.units import Unit, batch_norm

_STEM, _LAST = 32, 1280
_EXPANSION = 6
# Per stage, its groups of blocks: channels at width 1, number of blocks, stride of the first.
_STAGES = (
    ((16, 1, 1), (24, 2, 2)),
    ((32, 3, 2),),
    ((64, 4, 2), (96, 3, 1)),
    ((160, 3, 2), (320, 1, 1)),
)
_RELU6 = "bireid_models.nonlinearities:relu6"


def mobilenet_v2(image: Any, config: NetworkConfig) -> dict[str, Any]:
    """Build the backbone (Sandler et al., CVPR 2018, doi 10.1109/CVPR.2018.00474).

    A block widens its map by a 1x1 convolution, convolves each channel by itself, and narrows the
    map by a 1x1 convolution without a ReLU; where nothing changes its shape, the input is added.
    Real-valued, this is the published network to the last border, so that its weights fit. 1-bit
    are the 1x1 convolutions, which hold all but 3 % of the weights; a batch normalisation stands
    before each of their signs, for behind a ReLU6 they would see nothing but +1.
    The wiring is this one whatever the binarization, which says how kernels become 1-bit.

    Args:
        image: Keras tensor (N, input_height, input_width, input_channels), normalised pixels.
        config: Network description.

    Returns:
        The outputs of `stage1` to `stage4`, each (N, H, W, C): a quarter of the input, an eighth, a
        16th, a 32nd, twice as much with the `cifar` stem; `stage4` keeps the size of `stage3` with
        last_stride 1. C is 24, 32, 96 and 1280 at width 1.
    """
    x = _stem(image, config)
    stages = {}
    for stage, groups in enumerate(_STAGES, start=1):
        index = 0
        for channels, count, stride in groups:
            for number in range(count):
                index += 1
                first = stride if number == 0 else 1
                if stage == len(_STAGES) and first == 2:
                    first = config.last_stride
                name = f"stage{stage}_block{index}"
                x = _block(x, config, name, config.channels(channels), first)
        stages[f"stage{stage}"] = x
    last = f"stage{len(_STAGES)}"
    stages[last] = _pointwise(x, config, f"{last}_last", config.channels(_LAST), _RELU6)
    return stages


def _stem(image: Any, config: NetworkConfig) -> Any:
    stride = 1 if config.stem == "cifar" else 2
    x, border = _padded(image, stride, "stem")
    x = keras.layers.Conv2D(
        config.channels(_STEM),
        3,
        stride,
        border,
        use_bias=False,
        kernel_initializer="he_normal",
        name="stem_conv",
    )(x)
    return relu6(batch_norm("stem_bn")(x), "stem")


def _block(x: Any, config: NetworkConfig, name: str, filters: int, stride: int) -> Any:
    y = x
    if name != "stage1_block1":
        y = _pointwise(y, config, f"{name}_expand", _EXPANSION * x.shape[-1], _RELU6)
    y, border = _padded(y, stride, f"{name}_depthwise")
    y = keras.layers.DepthwiseConv2D(
        3,
        stride,
        border,
        use_bias=False,
        depthwise_initializer=depthwise_he_normal(),
        name=f"{name}_depthwise",
    )(y)
    y = relu6(batch_norm(f"{name}_depthwise_bn")(y), f"{name}_depthwise")
    adds = stride == 1 and filters == x.shape[-1]
    return _pointwise(y, config, f"{name}_project", filters, None, x if adds else None)


def _pointwise(
    x: Any,
    config: NetworkConfig,
    name: str,
    filters: int,
    nonlinearity: str | None,
    skip: Any = None,
) -> Any:
    """A unit of one 1x1 convolution, with a sum where `skip` is given."""
    unit = dataclasses.replace(
        Unit.of(config, name, filters, kernel_size=1, shortcut=None),
        order="fused" if config.has_real_maps else "paper",
        nonlinearity=nonlinearity,
        shortcut=None if skip is None else "projection",
        masked=0,
    )
    return unit(x, skip)


def _padded(x: Any, stride: int, name: str) -> tuple[Any, str]:
    """A map for a 3x3 convolution that sees one pixel beyond every side, and its kind of border.

    TensorFlow's would lie behind an even map alone at a stride of 2, and PyTorch's weights look
    before it; what no window reaches is left out.
    """
    rows, columns = (extent % 2 for extent in x.shape[1:3])
    if stride == 1 or (rows and columns):
        return x, "same"
    padding = keras.layers.ZeroPadding2D(((1, rows), (1, columns)), name=f"{name}_pad")
    return padding(x), "valid"

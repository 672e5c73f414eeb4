"""The first layers of a backbone: one real-valued convolution on the image."""

from typing import Any

from bireid_models.config import NetworkConfig
from bireid_models.framework import keras
from bireid_models.nonlinearities import relu
from bireid_models.units import batch_norm

# No ReLU stands before a 1-bit layer: sign(relu(x)) would be +1 everywhere.


def resnet_stem(image: Any, config: NetworkConfig, filters: int | None = None) -> Any:
    """The stem of ResNet: (N, H, W, C) to (N, H / 4, W / 4, filters), `cifar` keeps H and W.

    There are 64 filters times the width if it is not said.
    """
    filters = config.channels(64) if filters is None else filters
    if config.stem == "cifar":
        return _convolution(image, filters, kernel_size=3, stride=1)
    x = _convolution(image, filters, kernel_size=7, stride=2)
    x = keras.layers.MaxPooling2D(3, 2, padding="same", name="stem_pool")(x)
    return batch_norm("stem_pool_bn")(x)


def mobilenet_stem(image: Any, config: NetworkConfig) -> Any:
    """The stem of MobileNetV1: (N, H, W, C) to (N, H / 2, W / 2, 32 width), `cifar` keeps both."""
    stride = 1 if config.stem == "cifar" else 2
    return _convolution(image, config.channels(32), kernel_size=3, stride=stride)


def cdnet_stem(image: Any, config: NetworkConfig, filters: int) -> Any:
    """The stem of CDNet: (N, H, W, C) to (N, H / 4, W / 4, filters), `cifar` keeps H and W.

    That of a 1-bit network has a batch normalisation in the place of the ReLU.
    """
    is_real = config.has_real_maps
    if config.stem == "cifar":
        x = _convolution(image, filters, kernel_size=3, stride=1)
        return relu(x, "stem") if is_real else x
    x = _convolution(image, filters, kernel_size=7, stride=2)
    x = keras.layers.MaxPooling2D(3, 2, padding="same", name="stem_pool")(
        relu(x, "stem") if is_real else x
    )
    return x if is_real else batch_norm("stem_pool_bn")(x)


def _convolution(image: Any, filters: int, kernel_size: int, stride: int) -> Any:
    x = keras.layers.Conv2D(
        filters,
        kernel_size,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name="stem_conv",
    )(image)
    return batch_norm("stem_bn")(x)

"""A convolution here, and which of a checkpoint's it takes the weights of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Names of a convolution and of the normalisation behind it.

    Attributes:
        layer: The convolution here; it may be a depthwise one.
        norm: The normalisation here.
        key: The convolution in the checkpoint.
        norm_key: The normalisation there.
    """

    layer: str
    norm: str
    key: str
    norm_key: str

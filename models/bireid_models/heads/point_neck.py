"""The head of a network on point clouds: the features of the whole cloud, as they are."""

from collections.abc import Mapping
from typing import Any

from bireid_models.config import NetworkConfig
from bireid_models.dropout import RepeatableDropout
from bireid_models.framework import keras
from bireid_models.heads.base import HeadOutputs
from bireid_models.layers import UnitNormalize


def point_neck(features: Mapping[str, Any], config: NetworkConfig) -> HeadOutputs:
    """Take the last map, which has one pixel, for a row.

    Args:
        features: Maps of a backbone; the last one is (N, 1, 1, C).
        config: `dropout` is read.

    Returns:
        The output `embedding` (N, C), rows of unit length, and the features `neck` (N, C) and
        `classifier_input` (N, C), which is `neck` with dropout.

    Raises:
        ValueError: The last map has more than one pixel.
    """
    last = list(features.values())[-1]
    if tuple(last.shape[1:3]) != (1, 1):
        raise ValueError(
            f"point_neck reads a map of one pixel, the last one has {tuple(last.shape[1:3])}: take "
            "backbone 'pointnet'"
        )
    neck = keras.layers.Flatten(name="neck")(last)
    embedding = UnitNormalize(name="embedding")(neck)
    dropped = RepeatableDropout(config.dropout, name="dropout")(neck) if config.dropout else neck
    return HeadOutputs(
        features={"neck": neck, "classifier_input": dropped}, outputs={"embedding": embedding}
    )

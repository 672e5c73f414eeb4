"""BNNeck of "Bag of Tricks" (Luo et al. 2019): one embedding of unit length."""

from collections.abc import Mapping
from typing import Any

from bireid_models.config import NetworkConfig
from bireid_models.dropout import RepeatableDropout
from bireid_models.framework import keras
from bireid_models.heads.base import HeadOutputs
from bireid_models.layers import UnitNormalize
from bireid_models.units import batch_norm


def bnneck(features: Mapping[str, Any], config: NetworkConfig) -> HeadOutputs:
    """Pool the last map and normalise it by a batch normalisation without shift.

    Args:
        features: Maps (N, H, W, C) of a backbone; the last one is read.
        config: `embedding_dim` and `dropout` are read.

    Returns:
        The output `embedding` (N, D), rows of unit length, and the features `pooled` (N, D) before
        the neck, for the triplet loss, `neck` (N, D) after it, and `classifier_input` (N, D), which
        is `neck` with dropout.
    """
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(list(features.values())[-1])
    if config.embedding_dim is not None:
        pooled = keras.layers.Dense(config.embedding_dim, use_bias=False, name="projection")(pooled)
    neck = batch_norm("neck_bn", center=False)(pooled)
    embedding = UnitNormalize(name="embedding")(neck)
    dropped = RepeatableDropout(config.dropout, name="dropout")(neck) if config.dropout else neck
    return HeadOutputs(
        features={"pooled": pooled, "neck": neck, "classifier_input": dropped},
        outputs={"embedding": embedding},
    )

"""A whole Re-ID network: backbone, BNNeck, embedding."""

from dataclasses import dataclass
from typing import Any

from bireid_models.config import NetworkConfig
from bireid_models.framework import keras
from bireid_models.layers import UnitNormalize
from bireid_models.resnet import resnet18
from bireid_models.units import batch_norm

_BACKBONES = {"resnet18": resnet18}


@dataclass(frozen=True)
class ReIdNetwork:
    """A built network.

    Attributes:
        config: What it was built from.
        model: Keras model, `image` (N, H, W, 3) to `embedding` (N, D) with rows of unit length.
        features: Keras model, `image` to a dict: `stage1`..`stage4` (N, H, W, C), `pooled` (N, D)
            before the neck, for the triplet loss, and `neck` (N, D) after it, for the classifier.
            It shares all layers with `model`.
    """

    config: NetworkConfig
    model: Any
    features: Any


def build_network(config: NetworkConfig) -> ReIdNetwork:
    """Build a network with fresh weights from Keras' global random seed.

    The neck is the BNNeck of "Bag of Tricks" (Luo et al. 2019): batch normalisation without shift
    after global average pooling.
    """
    image = keras.Input((config.input_height, config.input_width, 3), name="image")
    stages = _BACKBONES[config.backbone](image, config)
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(list(stages.values())[-1])
    if config.embedding_dim not in (None, pooled.shape[-1]):
        pooled = keras.layers.Dense(config.embedding_dim, use_bias=False, name="projection")(pooled)
    neck = batch_norm("neck_bn", center=False)(pooled)
    embedding = UnitNormalize(name="embedding")(neck)
    return ReIdNetwork(
        config=config,
        model=keras.Model(image, embedding, name="bireid"),
        features=keras.Model(image, {**stages, "pooled": pooled, "neck": neck}, name="features"),
    )

"""A whole Re-ID network: backbone, BNNeck, embedding."""

from dataclasses import dataclass
from typing import Any

from bireid_models.config import NetworkConfig
from bireid_models.dropout import RepeatableDropout
from bireid_models.framework import keras
from bireid_models.layers import BinaryActivationConv2D, BinaryConv2D, UnitNormalize
from bireid_models.mobilenet import mobilenet
from bireid_models.resnet import resnet18, resnet34, resnet50
from bireid_models.units import batch_norm

_BACKBONES = {
    "resnet18": resnet18,
    "resnet34": resnet34,
    "resnet50": resnet50,
    "mobilenet": mobilenet,
}


@dataclass(frozen=True)
class ReIdNetwork:
    """A built network.

    Attributes:
        config: What it was built from.
        model: Keras model, `image` (N, H, W, 3) to `embedding` (N, D) with rows of unit length.
        features: Keras model, `image` to a dict: `stage1`..`stage4` (N, H, W, C), `pooled` (N, D)
            before the neck, for the triplet loss, `neck` (N, D) after it, and `classifier_input`
            (N, D), which is `neck` with dropout. It shares all layers with `model`, whose variables
            are among its own; with dropout there is one more, the random state.
    """

    config: NetworkConfig
    model: Any
    features: Any

    def set_progress(self, fraction: float) -> None:
        """Tell surrogate gradients that change in training how much of it is done, 0 to 1."""
        for layer in self.model.layers:
            if isinstance(layer, BinaryConv2D | BinaryActivationConv2D) and layer.error_decay:
                layer.error_decay.set_progress(fraction)


def build_network(config: NetworkConfig) -> ReIdNetwork:
    """Build a network with fresh weights from Keras' global random seed.

    The neck is the BNNeck of "Bag of Tricks" (Luo et al. 2019): batch normalisation without shift
    after global average pooling.
    """
    image = keras.Input((config.input_height, config.input_width, 3), name="image")
    stages = _BACKBONES[config.backbone](image, config)
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(list(stages.values())[-1])
    if config.embedding_dim is not None:
        pooled = keras.layers.Dense(config.embedding_dim, use_bias=False, name="projection")(pooled)
    neck = batch_norm("neck_bn", center=False)(pooled)
    embedding = UnitNormalize(name="embedding")(neck)
    outputs = {
        **stages,
        "pooled": pooled,
        "neck": neck,
        "classifier_input": RepeatableDropout(config.dropout, name="dropout")(neck)
        if config.dropout
        else neck,
    }
    return ReIdNetwork(
        config=config,
        model=keras.Model(image, embedding, name="bireid"),
        features=keras.Model(image, outputs, name="features"),
    )

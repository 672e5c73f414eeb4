"""Statistics of batch normalisations, estimated with the present weights; imports TensorFlow."""

from collections.abc import Iterable
from typing import Any

from bireid_models.framework import keras


def batch_norms(model: Any) -> list[Any]:
    """The batch normalisations of a Keras model, in its order."""
    return [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]


def estimate_statistics(model: Any, images: Iterable[Any]) -> None:
    """Give batch normalisations the mean over batches of what they see in training mode.

    Neither the order of the batches nor an earlier estimate counts.

    Args:
        model: Keras model; its moving means and variances are assigned.
        images: Batches float32 (N, H, W, C); without any the statistics stay as they are.
    """
    layers = batch_norms(model)
    momenta = [layer.momentum for layer in layers]
    try:
        for count, batch in enumerate(images):
            for layer in layers:
                # Makes of a moving average the mean over all batches so far.
                layer.momentum = count / (count + 1)
            model(batch, training=True)
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum

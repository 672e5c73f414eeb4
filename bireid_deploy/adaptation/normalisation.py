"""Batch-normalisation statistics estimated again from unlabelled crops; loads TensorFlow.

No weight changes. What a layer sees depends on the layers before it, so all statistics are taken in
inference mode, put in place together, and taken again until they stay: after as many passes as
there are layers in a row they are exact, usually long before. Neither the order of the crops nor
the size of a batch matters, as it does for moving averages over training-mode passes.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from bireid_models.framework import keras, tf
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.preprocess import Preprocess, normalize

from bireid_deploy.tasks.base import Progress

_BATCH = 64
# Largest change, in deviations of a channel, from which on statistics count as settled.
_SETTLED = 0.03
# A channel that hardly varies in these crops keeps this share of its old variance, so that another
# crop does not come out enlarged a hundredfold.
_LEAST_VARIANCE = 0.01

Statistics = Mapping[str, np.ndarray]
"""Moving means and variances by the names of their variables."""


@dataclass(frozen=True)
class Estimate:
    """What was estimated.

    Attributes:
        statistics: Moving means and variances.
        passes: How often the crops went through the network.
        change: Largest change of the last pass, in deviations of a channel.
    """

    statistics: Statistics
    passes: int
    change: float


class StatisticsEstimator:
    """Estimates the statistics of every batch normalisation of a model from crops.

    Args:
        model: Keras functional model of one image.
        preprocess: How crops are normalised.

    Raises:
        UnsupportedModelError: The network has no batch normalisation.
    """

    def __init__(self, model: Any, preprocess: Preprocess) -> None:
        self._model, self._preprocess = model, preprocess
        self._layers = batch_normalisations(model)
        if not self._layers:
            raise UnsupportedModelError(
                "the network has no batch normalisation to estimate; choose --level camera"
            )
        taps = keras.Model(model.inputs, [layer.input for layer in self._layers])
        # Traced once, whatever the size of a batch.
        self._sums = tf.function(
            lambda images: _sums(taps(images, training=False), self._layers),
            input_signature=[tf.TensorSpec(model.inputs[0].shape, tf.float32)],
            autograph=False,
        )

    def __call__(self, pixels: np.ndarray, on_progress: Progress | None = None) -> Estimate:
        """Estimate; the model comes back as it was.

        Args:
            pixels: Crops, uint8 (N, H, W, 3), at the network's input size.
            on_progress: Called with (passes done, most passes).
        """
        least = [_LEAST_VARIANCE * layer.moving_variance.numpy() for layer in self._layers]
        most = len(self._layers) + 1
        with kept(self._model):
            for number in range(1, most + 1):
                change = self._one_pass(pixels, least)
                if on_progress is not None:
                    on_progress(number, most)
                if change <= _SETTLED:
                    break
            return Estimate(read(self._model), number, change)

    def _one_pass(self, pixels: np.ndarray, least: list[np.ndarray]) -> float:
        """Put the statistics of all crops in place; returns the largest change."""
        totals = [np.zeros((2, layer.moving_mean.shape[0])) for layer in self._layers]
        for start in range(0, len(pixels), _BATCH):
            images = normalize(pixels[start : start + _BATCH], self._preprocess)
            for total, found in zip(totals, self._sums(images), strict=True):
                total += found.numpy().astype(np.float64) * len(images)
        return max(
            _put(layer, total / len(pixels), floor)
            for layer, total, floor in zip(self._layers, totals, least, strict=True)
        )


def batch_normalisations(model: Any) -> list[Any]:
    """The batch normalisations of a model, from input to output."""
    return [each for each in model.layers if isinstance(each, keras.layers.BatchNormalization)]


def read(model: Any) -> dict[str, np.ndarray]:
    """The statistics of a model as they are."""
    return {each.name: each.numpy() for each in _variables(model)}


def assign(model: Any, statistics: Statistics) -> Any:
    """Put statistics into a model; returns the model."""
    for each in _variables(model):
        each.assign(statistics[each.name])
    return model


@contextmanager
def kept(model: Any) -> Iterator[None]:
    """Give a model its statistics back at the end."""
    before = read(model)
    try:
        yield
    finally:
        assign(model, before)


def _variables(model: Any) -> list[Any]:
    layers = batch_normalisations(model)
    return [each for layer in layers for each in (layer.moving_mean, layer.moving_variance)]


def _sums(maps: Any, layers: list[Any]) -> list[Any]:
    """Mean distance from the present mean, and mean square of it, per layer: (2, C)."""
    maps = maps if isinstance(maps, list | tuple) else [maps]
    found = []
    for values, layer in zip(maps, layers, strict=True):
        axes = list(range(len(values.shape) - 1))
        # Distances from a mean that is nearly right already lose no digits in their squares.
        distance = values - layer.moving_mean
        found.append(
            tf.stack([tf.reduce_mean(distance, axes), tf.reduce_mean(tf.square(distance), axes)])
        )
    return found


def _put(layer: Any, moments: np.ndarray, least: np.ndarray) -> float:
    """Give a layer the moments of what it sees; returns the largest change in deviations."""
    shift, square = moments
    mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
    new = np.maximum(square - shift**2, least)
    deviation = np.sqrt(new + layer.epsilon)
    layer.moving_mean.assign((mean + shift).astype(np.float32))
    layer.moving_variance.assign(new.astype(np.float32))
    moved = np.abs(shift / deviation).max()
    return float(max(moved, np.abs(1 - np.sqrt(variance + layer.epsilon) / deviation).max()))

"""Embedding decoded crops with Keras; loads TensorFlow."""

from functools import cached_property
from typing import Any

import numpy as np
from bireid_models.framework import tf
from bireid_runtime.preprocess import Preprocess, normalize

from bireid_deploy.adaptation.normalisation import StatisticsEstimator, assign, kept

_BATCH = 64


class KerasEmbedder:
    """A network whose embedding is its only output.

    Args:
        model: Keras functional model from one image to embeddings (N, D) of unit length.
        preprocess: How crops are normalised.
    """

    def __init__(self, model: Any, preprocess: Preprocess) -> None:
        self.model = model
        self.preprocess = preprocess
        self._run = tf.function(
            lambda images: model(images, training=False),
            input_signature=[tf.TensorSpec(model.inputs[0].shape, tf.float32)],
            autograph=False,
        )

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Embed crops.

        Args:
            pixels: uint8 (N, H, W, 3), at the network's input size.

        Returns:
            float32 (N, D).
        """
        rows = [np.zeros((0, self.model.output_shape[-1]), np.float32)]
        for start in range(0, len(pixels), _BATCH):
            images = normalize(pixels[start : start + _BATCH], self.preprocess)
            rows.append(self._run(images).numpy())
        return np.concatenate(rows)

    @cached_property
    def estimate(self) -> StatisticsEstimator:
        """Estimates the batch normalisation of the network from crops.

        Raises:
            UnsupportedModelError: It has none.
        """
        return StatisticsEstimator(self.model, self.preprocess)

    def per_camera(self, pixels: np.ndarray, cameras: np.ndarray) -> np.ndarray:
        """Embed crops, each with the batch normalisation of its camera, estimated from them.

        Args:
            pixels: uint8 (N, H, W, 3).
            cameras: Camera of each, int64 (N,).

        Returns:
            float32 (N, D).
        """
        vectors = np.empty((len(pixels), self.model.output_shape[-1]), np.float32)
        for camera in np.unique(cameras):
            own = cameras == camera
            found = self.estimate(pixels[own])
            with kept(self.model):
                assign(self.model, found.statistics)
                vectors[own] = self(pixels[own])
        return vectors

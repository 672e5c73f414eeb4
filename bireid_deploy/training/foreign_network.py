"""A network of another project as it trained: its features, and the classifier behind them.

Importing it loads TensorFlow.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from bireid_converters.checkpoints import Checkpoint
from bireid_converters.checkpoints.weights import weights_of
from bireid_converters.errors import CheckpointError
from bireid_converters.rebuild import ReadNetwork
from bireid_models.framework import keras
from bireid_models.imported import WeightsError
from bireid_runtime.preprocess import Preprocess, preprocess

Classifier = tuple[np.ndarray, np.ndarray]
"""Matrix float32 (D, K) and bias float32 (K,), in the order of classes of where it was trained."""


def prepared(pixels: Sequence[np.ndarray] | np.ndarray, spec: Preprocess) -> np.ndarray:
    """Images uint8 (H, W, 3) as a network wants them, float32 (N, h, w, 3)."""
    return np.stack([preprocess(image, spec) for image in pixels])


def features_of(read: ReadNetwork) -> Any:
    """Keras model from prepared images to features (N, D) of any length."""
    *_, normalised = read.network.model.layers
    model = keras.Model(read.network.model.input, normalised.input, name="teacher")
    model.trainable = False
    return model


def find_classifier(checkpoint: Checkpoint, read: ReadNetwork) -> Classifier | None:
    """What made logits of the features where a checkpoint was trained.

    Args:
        checkpoint: It, open.
        read: The network that was rebuilt of it.

    Returns:
        None if it has no linear classifier, or one that takes other features than the network
        gives.

    Raises:
        CheckpointError: It holds numbers that none has.
    """
    if read.stated is not None and not read.stated.feeds_classifier:
        return None
    family, weights = read.family, weights_of(checkpoint.tensors)
    key = next((each for each in family.classifier if each in weights), None)
    if key is None:
        return None
    try:
        kernel = weights.matrix(key)
        if kernel.shape[0] != read.network.model.output_shape[-1]:
            return None
        bias_key = f"{key.removesuffix('weight')}bias"
        if bias_key in weights:
            return kernel, weights.vector(bias_key, kernel.shape[1])
    except WeightsError as error:
        raise CheckpointError(f"{family.name}: {error}") from error
    return kernel, np.zeros(kernel.shape[1], np.float32)

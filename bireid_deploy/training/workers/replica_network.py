"""What a network must know of its replicas; importing it loads TensorFlow."""

from collections.abc import Callable, Sequence
from typing import Any

from bireid_models.dropout import RepeatableDropout
from bireid_models.framework import keras, tf

from bireid_deploy.training.workers.replicas import Replicas


def prepare_replica(model: Any, replicas: Replicas, sync_batch_norm: bool) -> None:
    """Give dropout masks of its own to each replica, and batch normalisation the others' batches.

    Args:
        model: Keras model that will be trained; its layers are changed.
        replicas: Of it; of a single one nothing is changed.
        sync_batch_norm: Whether batch normalisation takes mean and variance over the batches of
            all replicas.
    """
    if replicas.count == 1:
        return
    for layer in model.layers:
        if isinstance(layer, RepeatableDropout):
            layer.stream = replicas.rank
        if sync_batch_norm and isinstance(layer, keras.layers.BatchNormalization):
            # The fused kernel knows its own batch alone.
            layer.fused = False
            layer._calculate_mean_and_var = _moments_of_all(replicas)


def running_statistics(model: Any, replicas: Replicas) -> list[Any]:
    """The moving means and variances of a model, which replicas average; of a single one none."""
    if replicas.count == 1:
        return []
    return [
        variable
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
        for variable in (layer.moving_mean, layer.moving_variance)
    ]


def _moments_of_all(replicas: Replicas) -> Callable[..., tuple[Any, Any]]:
    """What Keras' own synchronised layer takes in its place: the mean, and E[x^2] - E[x]^2."""

    def moments(
        inputs: Any, reduction_axes: Sequence[int], keep_dims: bool, mask: Any = None
    ) -> tuple[Any, Any]:
        mean = tf.reduce_mean(inputs, reduction_axes, keepdims=keep_dims)
        square = tf.reduce_mean(tf.square(inputs), reduction_axes, keepdims=keep_dims)
        mean, square = replicas.mean([mean, square])
        return mean, tf.maximum(square - tf.square(mean), 0.0)

    return moments

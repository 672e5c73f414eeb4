"""Batch-hard triplet loss (Hermans, Beyer and Leibe 2017)."""

from typing import Any, Literal

from bireid_models.framework import tf


def batch_hard_triplet_loss(
    features: Any, labels: Any, margin: float | Literal["soft"] = 0.3
) -> Any:
    """Mean over anchors of `(m + hardest positive distance - hardest negative distance)_+`.

    Distances are Euclidean, `sqrt(max(d^2, 1e-12))`, on the features as they are.

    Args:
        features: float32 (N, D), not normalised.
        labels: int32 (N,); each identity needs two images, and a batch two identities.
        margin: m, or `soft` for `log(1 + exp(positive - negative))`.

    Returns:
        Scalar.
    """
    squared_norm = tf.reduce_sum(tf.square(features), axis=1)
    squared = squared_norm[:, None] + squared_norm[None, :]
    squared -= 2.0 * tf.matmul(features, features, transpose_b=True)
    distances = tf.sqrt(tf.maximum(squared, 1e-12))
    same = labels[:, None] == labels[None, :]
    hardest_positive = tf.reduce_max(tf.where(same, distances, 0.0), axis=1)
    hardest_negative = tf.reduce_min(tf.where(same, distances.dtype.max, distances), axis=1)
    difference = hardest_positive - hardest_negative
    if margin == "soft":
        return tf.reduce_mean(tf.nn.softplus(difference))
    return tf.reduce_mean(tf.nn.relu(margin + difference))

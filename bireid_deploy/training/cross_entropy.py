"""Cross-entropy with label smoothing."""

from typing import Any

from bireid_models.framework import tf


def smoothed_cross_entropy(logits: Any, labels: Any, label_smoothing: float) -> Any:
    """Mean cross-entropy against `(1 - eps) 1_y + eps / K` (Szegedy et al. 2016).

    Args:
        logits: float32 (N, K).
        labels: int32 (N,) in 0..K-1.
        label_smoothing: eps in [0, 1).

    Returns:
        Scalar.
    """
    classes = tf.shape(logits)[-1]
    targets = tf.one_hot(labels, classes) * (1.0 - label_smoothing)
    targets += label_smoothing / tf.cast(classes, tf.float32)
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))

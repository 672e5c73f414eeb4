"""Learning from a teacher: its distribution over the classes, or its embedding."""

from typing import Any

from bireid_models.framework import tf


def distribution_loss(logits: Any, teacher_logits: Any, temperature: float) -> Any:
    """`T^2 KL(softmax(teacher / T) || softmax(student / T))`, mean over the batch.

    At T = 1 its gradient is that of ReActNet's distribution loss, the cross-entropy between the
    two; T^2 keeps the gradients of other temperatures comparable (Hinton et al. 2015).

    Args:
        logits: float32 (N, K), the student's.
        teacher_logits: float32 (N, K) over the same classes; gets no gradient.
        temperature: T, above 0.

    Returns:
        Scalar, 0 where both agree.
    """
    teacher = tf.stop_gradient(teacher_logits) / temperature
    cross_entropy = tf.nn.softmax_cross_entropy_with_logits(
        tf.nn.softmax(teacher), logits / temperature
    )
    entropy = tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(teacher), teacher)
    return temperature**2 * tf.reduce_mean(cross_entropy - entropy)


def embedding_loss(embedding: Any, teacher_embedding: Any) -> Any:
    """One minus the cosine between two embeddings, mean over the batch.

    Args:
        embedding: float32 (N, D), the student's, of any length.
        teacher_embedding: float32 (N, D), of any length; gets no gradient.

    Returns:
        Scalar in [0, 2].
    """
    unit = tf.math.l2_normalize(embedding, axis=-1)
    teacher = tf.math.l2_normalize(tf.stop_gradient(teacher_embedding), axis=-1)
    return 1.0 - tf.reduce_mean(tf.reduce_sum(unit * teacher, axis=-1))


def relations_loss(embedding: Any, teacher_embedding: Any) -> Any:
    """Mean squared difference of the cosines between all images of a batch.

    The similarity-preserving loss (Tung and Mori, ICCV 2019) on rows of unit length: no dimension
    has to be the teacher's, and only who is like whom is learned.

    Args:
        embedding: float32 (N, D), the student's, of any length.
        teacher_embedding: float32 (N, E), of any length; gets no gradient.

    Returns:
        Scalar in [0, 4].
    """
    unit = tf.math.l2_normalize(embedding, axis=-1)
    teacher = tf.math.l2_normalize(tf.stop_gradient(teacher_embedding), axis=-1)
    difference = tf.matmul(unit, unit, transpose_b=True) - tf.matmul(
        teacher, teacher, transpose_b=True
    )
    return tf.reduce_mean(difference**2)

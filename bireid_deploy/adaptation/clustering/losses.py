"""InfoNCE against a memory of centres (cluster contrast; CAP and ICE for cameras)."""

from typing import Any

from bireid_models.framework import tf

_FAR = -1e4


def cluster_contrast(
    embedding: Any, clusters: Any, memory: Any, cluster_of_proxy: Any, temperature: float
) -> Any:
    """Cross-entropy over clusters by the cosine to the mean of their proxies (Dai et al. 2021).

    Args:
        embedding: Unit rows, float32 (B, D).
        clusters: Cluster of each crop, int32 (B,).
        memory: Unit rows of the proxies, float32 (P, D); no gradient reaches it.
        cluster_of_proxy: int32 (P,), -1 for a proxy that is not in use.
        temperature: Divides the cosines.

    Returns:
        Scalar.
    """
    memory = tf.stop_gradient(memory)
    count = tf.shape(memory)[0]
    # Negative segments are left out. Rows beyond the last cluster are zeros: nobody's.
    sums = tf.math.unsorted_segment_sum(memory, cluster_of_proxy, count)
    logits = tf.matmul(embedding, tf.math.l2_normalize(sums, axis=1), transpose_b=True)
    used = tf.range(count) <= tf.reduce_max(cluster_of_proxy)
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=clusters, logits=tf.where(used, logits / temperature, _FAR)
        )
    )


def camera_contrast(
    similarities: Any,
    clusters: Any,
    cameras: Any,
    cluster_of_proxy: Any,
    camera_of_proxy: Any,
    temperature: float,
    hardest: int,
) -> Any:
    """Proxies of the same cluster under other cameras against the hardest of other clusters.

    The inter-camera loss of CAP (Wang et al. 2021), eq. 6: for every positive a cross-entropy
    against the same negatives, mean over the positives; 0 for a crop without any.

    Args:
        similarities: Cosines between crops and proxies, float32 (B, P).
        clusters: Cluster of each crop, int32 (B,).
        cameras: Its camera, int32 (B,).
        cluster_of_proxy: int32 (P,), -1 for a proxy that is not in use.
        camera_of_proxy: int32 (P,).
        temperature: Divides them.
        hardest: Negatives for each crop; the nearest proxies of other clusters.

    Returns:
        Scalar, mean over all crops.
    """
    logits = similarities / temperature
    same = clusters[:, tf.newaxis] == cluster_of_proxy[tf.newaxis]
    used = (cluster_of_proxy >= 0)[tf.newaxis]
    positive = tf.cast(same & (cameras[:, tf.newaxis] != camera_of_proxy[tf.newaxis]), logits.dtype)
    negatives = tf.where(~same & used, logits, _FAR)
    count = tf.minimum(hardest, tf.shape(logits)[1])
    near = tf.math.top_k(negatives, count).values
    others = tf.reduce_logsumexp(near, axis=1, keepdims=True)
    # log(e^p / (e^p + sum e^n)) for every proxy; only positives count.
    surprise = tf.nn.softplus(others - logits)
    counts = tf.reduce_sum(positive, axis=1)
    return tf.reduce_mean(tf.reduce_sum(positive * surprise, axis=1) / tf.maximum(counts, 1.0))

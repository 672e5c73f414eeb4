"""What latent kernels go through before sign; `Binarization.kernel_preparation` refers to it."""

from typing import Any

from bireid_models.framework import tf


def standardized(kernel: Any) -> Any:
    """Bring each filter to zero mean and unit deviation, as IR-Net does before the sign.

    Args:
        kernel: (height, width, in, out).

    Returns:
        The same shape; a filter of equal weights becomes 0.
    """
    centred = kernel - tf.reduce_mean(kernel, axis=[0, 1, 2])
    weights_per_filter = kernel.shape[0] * kernel.shape[1] * kernel.shape[2]
    variance = tf.reduce_sum(tf.square(centred), axis=[0, 1, 2]) / max(1, weights_per_filter - 1)
    return tf.math.divide_no_nan(centred, tf.sqrt(variance))

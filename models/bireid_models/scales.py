"""The factor per output channel behind a convolution of signs; `Binarization.scale` refers to it.

A scale is a function of the prepared latent kernel (height, width, in, out) and of alpha (filters,)
or None, and gives (filters,).
"""

import math
from typing import Any

from bireid_models.framework import tf


def learned(kernel: Any, alpha: Any) -> Any:
    """Alpha of BiRe-ID, eq. 6.8."""
    return alpha


def mean_matrix(kernel: Any, alpha: Any) -> Any:
    """C* of RBCN, the mean of its matrix, for every channel; `alpha` is that matrix here."""
    return tf.fill((kernel.shape[-1],), tf.reduce_mean(alpha))


def mean_abs(kernel: Any, alpha: Any = None) -> Any:
    """Mean |w| of XNOR-Net, eq. 6.5, with the gradient through it."""
    return tf.reduce_mean(tf.abs(kernel), axis=[0, 1, 2])


def mean_abs_constant(kernel: Any, alpha: Any = None) -> Any:
    """Mean |w| without gradient, as in the code of Bi-Real Net and ReActNet."""
    return tf.stop_gradient(mean_abs(kernel))


def power_of_two(kernel: Any, alpha: Any = None) -> Any:
    """IR-Net's `2^round(log2 mean |w|)`, without gradient."""
    scale = tf.pow(2.0, tf.round(tf.math.log(mean_abs(kernel)) / math.log(2.0)))
    return tf.stop_gradient(scale)

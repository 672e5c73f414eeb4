"""The sign function with the surrogate gradients that binary networks are trained with."""

from collections.abc import Callable
from typing import Any

from bireid_models.binarization import SignSurrogate
from bireid_models.framework import larq, tf

_FIRST_SHARPNESS = 0.1
_LAST_SHARPNESS = 10.0


class ErrorDecay:
    """Sign with the error decay estimator of IR-Net (EDE) as its gradient.

    The gradient is `k t (1 - tanh^2(t x))` with `k = max(1 / t, 1)`: wide and flat at first, so
    that every weight learns, then narrow, close to sign. t grows from 0.1 to 10.
    """

    def __init__(self) -> None:
        self.sharpness = tf.Variable(_FIRST_SHARPNESS, trainable=False, name="ede_sharpness")

    def set_progress(self, fraction: float) -> None:
        """Set `t = 0.1 * 100^fraction`; `fraction` is the share of training done, 0 to 1."""
        growth = _LAST_SHARPNESS / _FIRST_SHARPNESS
        self.sharpness.assign(_FIRST_SHARPNESS * growth**fraction)

    def sign(self, x: Any) -> Any:
        """Map any shape to +1 and -1 in the same shape, with 0 to +1."""

        @tf.custom_gradient
        def quantize(values: Any) -> tuple[Any, Callable[[Any], Any]]:
            def gradient(upstream: Any) -> Any:
                t = tf.convert_to_tensor(self.sharpness)
                k = tf.maximum(1.0 / t, 1.0)
                return upstream * k * t * (1.0 - tf.square(tf.tanh(t * values)))

            return larq.math.sign(values), gradient

        return quantize(x)


def sign_quantizer(surrogate: SignSurrogate, error_decay: ErrorDecay | None) -> Any:
    """What a Larq layer takes as the quantizer for a surrogate.

    Args:
        surrogate: See `Binarization.activation_surrogate`.
        error_decay: Whose sign `ede` takes.
    """
    if surrogate == "ede":
        if error_decay is None:
            raise ValueError("the surrogate ede needs an ErrorDecay; give one")
        return error_decay.sign
    return {"poly": "approx_sign", "clip": "ste_sign"}[surrogate]


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

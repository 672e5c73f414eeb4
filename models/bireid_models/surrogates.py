"""The sign function with the surrogate gradients that binary networks are trained with.

Each function or class makes the sign of one layer: it maps any shape to +1 and -1 in that shape,
with 0 to +1. `Binarization` and `SURROGATES` refer to them.
"""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from bireid_models.framework import larq, tf

_FIRST_SHARPNESS = 0.1
_LAST_SHARPNESS = 10.0


@runtime_checkable
class Progressive(Protocol):
    """A sign whose gradient changes in the course of training."""

    def set_progress(self, fraction: float) -> None:
        """Set the share of the training that is done, 0 to 1."""


def poly() -> Any:
    """Sign with the gradient 2 - 2|x| on [-1, 1], eq. 6.19 (Bi-Real Net)."""
    return larq.quantizers.ApproxSign()


def clip() -> Any:
    """Sign with the gradient 1 on [-1, 1]."""
    return larq.quantizers.SteSign()


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

    def __call__(self, x: Any) -> Any:
        """Map any shape to +1 and -1 in the same shape, with 0 to +1."""

        @tf.custom_gradient
        def quantize(values: Any) -> tuple[Any, Callable[[Any], Any]]:
            def gradient(upstream: Any) -> Any:
                t = tf.convert_to_tensor(self.sharpness)
                k = tf.maximum(1.0 / t, 1.0)
                return upstream * k * t * (1.0 - tf.square(tf.tanh(t * values)))

            return larq.math.sign(values), gradient

        return quantize(x)

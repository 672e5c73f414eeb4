"""The moves of soft masks: FISTA with a proximal step, eq. 3.84-3.86; loads TensorFlow."""

from collections.abc import Sequence
from typing import Any

from bireid_models.framework import tf

from bireid_deploy.training.checkpoint import DEPLOYED

_FIRST_MOMENTUM = (1 + 5**0.5) / 2
# What is not to be removed stays above zero by this.
_LEAST = 1e-3


def proximal_l1(values: Any, threshold: float) -> Any:
    """`(z - threshold)_+`, the proximal step of the l1 norm on numbers that may not be negative."""
    return tf.maximum(values - threshold, 0.0)


def proximal_trimmed(values: Any, threshold: float, most: int) -> Any:
    """The proximal step of the trimmed l1 norm: the smallest numbers shrink, the others stay.

    With the plain norm all masks shrink alike and can reach zero together, for signs do not see
    the scale of what they are taken of.

    Args:
        values: z, float32 (n,).
        threshold: eta lambda.
        most: How many of the smallest; no others become zero.

    Returns:
        (n,), none negative.
    """
    ranks = tf.argsort(tf.argsort(values, stable=True))
    return tf.where(ranks < most, proximal_l1(values, threshold), tf.maximum(values, _LEAST))


class MaskMoves:
    """All masks of a network, as one vector.

    The network holds the extrapolated point y, where FISTA wants the gradient; the masks M
    themselves stand here, and are those of the deployed network. Once the masks stand still, both
    are equal.

    Args:
        masks: Variables of the network, one per masked unit, all ones or as trained so far.
        rate: eta.
        sparsity_weight: lambda.
        target: Largest share of zeros among all numbers; None for the plain l1 norm, which has no
            such bound.
    """

    def __init__(
        self, masks: Sequence[Any], rate: float, sparsity_weight: float, target: float | None
    ) -> None:
        self._points = tuple(masks)
        self._masks = [tf.Variable(mask, trainable=False) for mask in masks]
        self._momentum = tf.Variable(_FIRST_MOMENTUM, trainable=False)
        self._moving = tf.Variable(True, trainable=False)
        self._sizes = [int(mask.shape[0]) for mask in masks]
        self._rate = rate
        self._threshold = rate * sparsity_weight
        self._most = None if target is None else round(target * sum(self._sizes))

    def state(self) -> dict[str, Any]:
        """M, and the momentum a; the deployed network has M in the place of y."""
        masks = zip(self._points, self._masks, strict=True)
        return {
            **{f"{DEPLOYED}{point.name}": mask for point, mask in masks},
            "pruning/momentum": self._momentum,
        }

    def stand_still(self, still: bool) -> None:
        """Whether the masks are fixed from now on; the network gets M then."""
        self._moving.assign(not still)
        if still:
            for point, mask in zip(self._points, self._masks, strict=True):
                point.assign(mask)

    def masked_share(self) -> Any:
        """Share of zeros in M, a scalar."""
        return tf.reduce_mean(tf.cast(tf.equal(self._joined(self._masks), 0.0), tf.float32))

    def move(self, gradients: Sequence[Any]) -> None:
        """One step of FISTA, if the masks move at all.

        Args:
            gradients: Of the loss without its sparsity for y, one per mask.
        """
        masks, points = self._joined(self._masks), self._joined(self._points)
        descended = points - self._rate * tf.concat(list(gradients), axis=0)
        if self._most is None:
            new = proximal_l1(descended, self._threshold)
        else:
            new = proximal_trimmed(descended, self._threshold, self._most)
        momentum = (1.0 + tf.sqrt(1.0 + 4.0 * tf.square(self._momentum))) / 2.0
        ahead = new + (self._momentum - 1.0) / momentum * (new - masks)
        moving = tf.convert_to_tensor(self._moving)
        self._assign(self._masks, tf.where(moving, new, masks))
        self._assign(self._points, tf.where(moving, ahead, points))
        self._momentum.assign(tf.where(moving, momentum, self._momentum))

    def _joined(self, variables: Sequence[Any]) -> Any:
        return tf.concat([tf.convert_to_tensor(each) for each in variables], axis=0)

    def _assign(self, variables: Sequence[Any], values: Any) -> None:
        for variable, part in zip(variables, tf.split(values, self._sizes), strict=True):
            variable.assign(part)

"""The two-player terms shared by KR-GAL and FR-GAL, on discriminator logits.

With D = sigmoid(logit): log D = -softplus(-logit) and log(1 - D) = -softplus(logit), which stay
finite where the logarithms of a sigmoid do not.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from bireid_models.framework import tf

Samples = tuple[Any, Any]
"""What one discriminator sees: (real, fake), each (samples, values)."""


def discriminator_loss(real_logits: Any, fake_logits: Any) -> Any:
    """Minus the value of the game, which the discriminator descends.

    `-(mean log D(real) + mean log(1 - D(fake)))`, the negative of eq. 6.10 or 6.14.
    """
    return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(
        tf.nn.softplus(fake_logits)
    )


def discriminators_loss(
    discriminators: Sequence[Callable[[Any], Any]], samples: Sequence[Samples]
) -> Any:
    """Sum of `discriminator_loss` over several games; what made the samples gets no gradient."""
    return tf.add_n(
        [
            discriminator_loss(
                discriminator(tf.stop_gradient(real)), discriminator(tf.stop_gradient(fake))
            )
            for discriminator, (real, fake) in zip(discriminators, samples, strict=True)
        ]
    )


def generator_loss(fake_logits: Any, *, saturating: bool) -> Any:
    """The generator's term for its fakes.

    `mean log(1 - D(fake))`, as printed, or `-mean log D(fake)`, whose gradient does not vanish
    while the discriminator wins.
    """
    if saturating:
        return -tf.reduce_mean(tf.nn.softplus(fake_logits))
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))


def real_side_loss(real_logits: Any, *, saturating: bool) -> Any:
    """The generator's term for samples that it moves on the real side (latent kernels, eq. 6.20).

    `mean log D(real)`, or `-mean log(1 - D(real))`: the fakes' term with D and 1 - D exchanged.
    """
    return generator_loss(-real_logits, saturating=saturating)


def guessing_loss(discriminators: int) -> float:
    """`discriminators_loss` of that many discriminators that always say one half."""
    return 2 * math.log(2) * discriminators

"""The game of FR-GAL; importing it loads TensorFlow."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bireid_models.framework import keras, tf

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.methods.adversarial import (
    Samples,
    discriminators_loss,
    generator_loss,
)
from bireid_deploy.training.methods.base import Play, Scene
from bireid_deploy.training.methods.discriminators import Discriminator
from bireid_deploy.training.methods.feature_refining.section import (
    FeaturePair,
    FeatureRefiningSection,
)

COLLAPSE_SHARE = 0.01
"""Share of its first value below which the variance of a target says that nothing is left in it."""

OUTRIGHT_LOSS = 0.01
"""Loss of a discriminator below which it tells the two sides apart without a doubt."""


def feature_mse(
    low: Any, target: Any, weight: float, reduction: Literal["sum", "mean"] = "mean"
) -> Any:
    """`(mu / 2) ||a_L - a*_H||^2`, eq. 6.15.

    Args:
        low: a_L, (N, H, W, C).
        target: a*_H, same shape.
        weight: mu.
        reduction: Mean over batch and elements, or sum over elements and mean over the batch.

    Returns:
        Scalar.
    """
    squared = tf.square(low - target)
    if reduction == "mean":
        return 0.5 * weight * tf.reduce_mean(squared)
    return 0.5 * weight * tf.reduce_mean(tf.reduce_sum(squared, axis=[1, 2, 3]))


def collapsed_epoch(history: Sequence[Mapping[str, float]]) -> int | None:
    """The first epoch, counted from 1, in which a pair of FR-GAL had collapsed.

    With a projection that learns, the MSE of eq. 6.15 can also be won by pulling both maps to a
    common constant. The variance of a*_H shows it.

    Args:
        history: Summaries of the epochs of a run, with `target_variance` where FR-GAL took part.

    Returns:
        None if the variance stayed above `COLLAPSE_SHARE` of its value in the first epoch.
    """
    variances = [epoch["target_variance"] for epoch in history if "target_variance" in epoch]
    for epoch, variance in enumerate(variances, start=1):
        if variance < COLLAPSE_SHARE * variances[0]:
            return epoch
    return None


class HighToLow:
    """`a*_H = f(W_1x1 (*) sg(a_H))`, eq. 6.12: 1x1 convolution, then nearest-neighbour resize.

    The high-level map is detached first, so no gradient of FR-GAL reaches it; the convolution
    itself may learn.
    """

    def __init__(self, low_shape: Any, high_shape: Any, *, trainable: bool, name: str) -> None:
        self.size = (int(low_shape[1]), int(low_shape[2]))
        self.projection = keras.layers.Conv2D(
            int(low_shape[-1]), 1, use_bias=False, trainable=trainable, name=f"{name}_projection"
        )
        self.projection.build(high_shape)

    def __call__(self, high: Any) -> Any:
        """Map a_H (N, H_H, W_H, C_H) to a*_H (N, H_L, W_L, C_L)."""
        projected = self.projection(tf.stop_gradient(high))
        return tf.image.resize(projected, self.size, method="nearest")


@dataclass(frozen=True)
class FeatureRefining:
    """FR-GAL over pairs of stages, with one discriminator and one projection per pair.

    The projected high-level features are "real", the low-level ones "fake".
    """

    pairs: tuple[FeaturePair, ...]
    projections: tuple[HighToLow, ...]
    discriminators: tuple[Discriminator, ...]
    options: FeatureRefiningSection
    seed: int = 0

    @classmethod
    def build(
        cls, features: Any, options: FeatureRefiningSection, seed: int = 0
    ) -> "FeatureRefining":
        """Create projections and discriminators for the `features` model of a network."""
        shapes = features.output_shape
        projections, discriminators = [], []
        for pair in options.pairs:
            low, high = shapes[pair.low], shapes[pair.high]
            size = low[1] * low[2] * low[3] if options.discriminator_input == "flatten" else low[3]
            name = f"feature_{pair.low}_{pair.high}"
            projections.append(
                HighToLow(low, high, trainable=options.trainable_projection, name=name)
            )
            discriminators.append(Discriminator(int(size), options.discriminator, name))
        return cls(options.pairs, tuple(projections), tuple(discriminators), options, seed)

    @property
    def adversaries(self) -> list[Any]:
        """W_D."""
        return [variable for each in self.discriminators for variable in each.variables]

    @property
    def companions(self) -> list[Any]:
        """W_1x1 of every pair that learns; taught by the MSE alone."""
        return [v for each in self.projections for v in each.projection.trainable_variables]

    def state(self) -> dict[str, Any]:
        """W_1x1 of every pair, learning or not, by a stable name, for checkpoints."""
        return {
            f"projection/{pair.low}_{pair.high}": each.projection.kernel
            for pair, each in zip(self.pairs, self.projections, strict=True)
        }

    def play(self, scene: Scene) -> Play:
        """The discriminators see sampled positions of both maps; the low-level map answers."""
        features = scene.features
        targets = self.targets(features)
        seed = tf.stack([tf.constant(self.seed, tf.int32), scene.step * 16])
        samples = self.samples(features, targets, seed, scene.foreground)
        return Play(
            refining={"feature_mse": self.mse_loss(features, targets)},
            ascent={"feature_discriminator": discriminators_loss(self.discriminators, samples)},
            observed={"target_variance": self.target_variance(targets)},
            answer=lambda: {"feature_adversarial": self.adversarial_loss(samples)},
        )

    def advice(self, history: Sequence[Mapping[str, float]]) -> str | None:
        """Says if a pair collapsed, or if the discriminators won outright at the end."""
        collapsed = collapsed_epoch(history)
        if collapsed is not None:
            return (
                f"FR-GAL collapsed in epoch {collapsed}: a*_H became a constant "
                "(target_variance); lower feature_refining.mse_weight or set "
                "feature_refining.trainable_projection=false"
            )
        lost = [epoch["feature_discriminator"] for epoch in history[-1:]]
        if not lost or lost[0] > OUTRIGHT_LOSS * len(self.discriminators):
            return None
        return (
            f"FR-GAL: its discriminators won outright (feature_discriminator {lost[0]:.2g}), so "
            "that the adversarial term taught little; lower optimizer.discriminator_rate or set "
            "feature_refining.saturating=false"
        )

    def targets(self, features: Mapping[str, Any]) -> list[Any]:
        """a*_H of every pair."""
        return [
            project(features[pair.high])
            for pair, project in zip(self.pairs, self.projections, strict=True)
        ]

    def samples(
        self,
        features: Mapping[str, Any],
        targets: list[Any],
        seed: Any,
        foreground: Callable[[int, int], Any] | None = None,
    ) -> list[Samples]:
        """What the discriminators see: per pair (a*_H, a_L), each (samples, values).

        Args:
            features: Outputs of the network's `features`.
            targets: a*_H of every pair.
            seed: int32 (2,); chooses the sampled positions.
            foreground: See `Scene`.
        """
        return [
            self._pair_samples(features[pair.low], target, seed + index, foreground)
            for index, (pair, target) in enumerate(zip(self.pairs, targets, strict=True))
        ]

    def adversarial_loss(self, samples: list[Samples]) -> Any:
        """Sum over pairs of log(1 - D(a_L)), eq. 6.22 and 6.30; log D(a*_H) moves nothing here."""
        terms = [
            generator_loss(discriminator(fake), saturating=self.options.saturating)
            for discriminator, (_, fake) in zip(self.discriminators, samples, strict=True)
        ]
        return self.options.adversarial_weight * tf.add_n(terms)

    def mse_loss(self, features: Mapping[str, Any], targets: list[Any]) -> Any:
        """Sum over pairs of eq. 6.15."""
        return tf.add_n(
            [
                feature_mse(
                    features[pair.low], target, self.options.mse_weight, self.options.mse_reduction
                )
                for pair, target in zip(self.pairs, targets, strict=True)
            ]
        )

    def target_variance(self, targets: list[Any]) -> Any:
        """Smallest Var(a*_H) over the pairs; near 0 the pair has collapsed to a constant."""
        variances = [
            tf.reduce_mean(tf.math.reduce_variance(target, axis=[0, 1, 2])) for target in targets
        ]
        return tf.reduce_min(tf.stack(variances))

    def _pair_samples(
        self, low: Any, target: Any, seed: Any, foreground: Callable[[int, int], Any] | None
    ) -> Samples:
        if self.options.discriminator_input == "gap":
            return tf.reduce_mean(target, axis=[1, 2]), tf.reduce_mean(low, axis=[1, 2])
        if self.options.discriminator_input == "flatten":
            size = int(low.shape[1] * low.shape[2] * low.shape[3])
            return tf.reshape(target, (-1, size)), tf.reshape(low, (-1, size))
        channels = int(low.shape[-1])
        real, fake = tf.reshape(target, (-1, channels)), tf.reshape(low, (-1, channels))
        positions = int(low.shape[1] * low.shape[2])
        wanted = self.options.sampled_positions
        if wanted == 0 or wanted >= positions:
            return real, fake
        inside = round(self.options.foreground_share * wanted)
        rows = tf.random.stateless_uniform(
            (tf.shape(low)[0] * (wanted - inside),), seed, maxval=tf.shape(real)[0], dtype=tf.int32
        )
        if inside:
            if foreground is None:
                raise TrainingError(
                    "the task does not say where its things are; set "
                    "feature_refining.foreground_share=0"
                )
            places = tf.reshape(foreground(int(low.shape[1]), int(low.shape[2])), (-1,))
            rows = tf.concat([rows, _drawn(places, tf.shape(low)[0] * inside, seed + 8)], axis=0)
        return tf.gather(real, rows), tf.gather(fake, rows)


def _drawn(places: Any, count: Any, seed: Any) -> Any:
    """Positions, int32 (count,), of places that are True; of all places where none is."""
    weights = tf.where(places | ~tf.reduce_any(places), 0.0, -float("inf"))
    drawn = tf.random.stateless_categorical(weights[None], count, seed, dtype=tf.int32)
    return drawn[0]

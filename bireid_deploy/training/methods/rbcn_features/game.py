"""The game of RBCN's GAN; importing it loads TensorFlow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_models.framework import keras, tf
from bireid_models.layers import binary_layers

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.methods.adversarial import (
    Samples,
    discriminators_loss,
    guessing_loss,
)
from bireid_deploy.training.methods.base import Play, Scene
from bireid_deploy.training.methods.discriminators import Discriminator
from bireid_deploy.training.methods.rbcn_features.section import RbcnFeaturesSection
from bireid_deploy.training.methods.teachers import open_teacher_network

_TAP = "rbcn/"
_FEWEST_EPOCHS = 4
_GUESSING_MARGIN = 0.02
_OUTRIGHT = 0.01


def least_squares(logits: Any) -> Any:
    """`mean (1 - D(T))^2` for `D = sigmoid(logit)`, the generator's term of eq. 3.65."""
    return tf.reduce_mean(tf.square(1.0 - tf.sigmoid(logits)))


@dataclass(frozen=True)
class FeatureGame:
    """One discriminator per binary layer tells the teacher's maps R from the student's T.

    Attributes:
        teacher: Keras model from images to R by layer; it runs in inference mode.
        maps: Keras tensors T of the student by layer.
        discriminators: One per layer, in the same order.
        options: The recipe's table.
        seed: Of the sampled positions.
    """

    teacher: Any
    maps: Mapping[str, Any]
    discriminators: tuple[Discriminator, ...]
    options: RbcnFeaturesSection
    seed: int = 0

    @classmethod
    def open(
        cls, path: Path, student: Any, options: RbcnFeaturesSection, seed: int
    ) -> "FeatureGame":
        """Open a teacher.

        Args:
            path: Its run.
            student: The network that learns.
            options: The recipe's table.
            seed: Of the sampled positions.

        Raises:
            TrainingError: Not a run, or its network lacks a map, or has it in another shape.
        """
        teacher = open_teacher_network(path, student).features
        names = [layer.name for layer in binary_layers(student.model)]
        ours = {name: _tapped(student.features, name, options) for name in names}
        theirs = {name: _tapped(teacher, name, options) for name in names}
        for name in names:
            if ours[name] is None:
                raise TrainingError(
                    f"rbcn_features: no batch normalisation follows {name!r}; set "
                    "rbcn_features.tap='conv'"
                )
            if theirs[name] is None or theirs[name].shape != ours[name].shape:
                found = "no such layer" if theirs[name] is None else f"{theirs[name].shape[1:]}"
                raise TrainingError(
                    f"{path}: the teacher's {name!r} should give {ours[name].shape[1:]}, it has "
                    f"{found}; train it with the same backbone, width and kind of shortcuts"
                )
        discriminators = tuple(
            Discriminator(int(ours[name].shape[-1]), options.discriminator, f"rbcn_{name}")
            for name in names
        )
        return cls(keras.Model(teacher.input, theirs), ours, discriminators, options, seed)

    @property
    def taps(self) -> dict[str, Any]:
        """T of every layer."""
        return {f"{_TAP}{name}": each for name, each in self.maps.items()}

    @property
    def adversaries(self) -> list[Any]:
        """Y, the discriminators' weights."""
        return [variable for each in self.discriminators for variable in each.variables]

    @property
    def companions(self) -> list[Any]:
        """None: the teacher does not learn."""
        return []

    def state(self) -> dict[str, Any]:
        """Nothing beside the discriminators: the teacher's own run keeps it."""
        return {}

    def play(self, scene: Scene) -> Play:
        """The discriminators see sampled positions of R and T; the network answers."""
        taught = self.teacher(scene.images, training=False)
        seed = tf.stack([tf.constant(self.seed, tf.int32), scene.step])
        samples = [
            self._samples(taught[name], scene.features[f"{_TAP}{name}"], seed + index)
            for index, name in enumerate(self.maps)
        ]
        return Play(
            ascent={"rbcn_discriminator": discriminators_loss(self.discriminators, samples)},
            answer=lambda: {"rbcn_adversarial": self.adversarial_loss(samples)},
        )

    def adversarial_loss(self, samples: Sequence[Samples]) -> Any:
        """Sum over layers of the generator's least squares, eq. 3.65."""
        terms = [
            least_squares(discriminator(fake))
            for discriminator, (_, fake) in zip(self.discriminators, samples, strict=True)
        ]
        return self.options.adversarial_weight * tf.add_n(terms)

    def advice(self, history: Sequence[Mapping[str, float]]) -> str | None:
        """Says if the discriminators only guessed, or won outright, in the last half of a run."""
        guess = guessing_loss(len(self.discriminators))
        late = [epoch["rbcn_discriminator"] for epoch in history[len(history) // 2 :]]
        if len(late) < _FEWEST_EPOCHS:
            return None
        if min(late) >= (1 - _GUESSING_MARGIN) * guess:
            return (
                f"rbcn_features: its discriminators only guessed (rbcn_discriminator {late[-1]:.3g}"
                f", guessing gives {guess:.3g}); raise optimizer.discriminator_rate or train longer"
            )
        if late[-1] < _OUTRIGHT:
            return (
                "rbcn_features: its discriminators tell both sides apart without a doubt "
                f"(rbcn_discriminator {late[-1]:.2g}); lower optimizer.discriminator_rate"
            )
        return None

    def _samples(self, real: Any, fake: Any, seed: Any) -> Samples:
        if self.options.discriminator_input == "gap":
            return tf.reduce_mean(real, axis=[1, 2]), tf.reduce_mean(fake, axis=[1, 2])
        channels, places = int(fake.shape[-1]), int(fake.shape[1] * fake.shape[2])
        rows_of_both = tf.reshape(real, (-1, channels)), tf.reshape(fake, (-1, channels))
        wanted = self.options.sampled_positions
        if wanted == 0 or wanted >= places:
            return rows_of_both
        images = tf.shape(fake)[0]
        rows = tf.random.stateless_uniform(
            (images * wanted,), seed, maxval=images * places, dtype=tf.int32
        )
        return tf.gather(rows_of_both[0], rows), tf.gather(rows_of_both[1], rows)


def _tapped(features: Any, name: str, options: RbcnFeaturesSection) -> Any:
    """The map behind a convolution or its normalisation; None if the model has no such layer."""
    wanted = name if options.tap == "conv" else f"{name.removesuffix('_conv')}_bn"
    layers = {layer.name: layer for layer in features.layers}
    return layers[wanted].output if wanted in layers else None

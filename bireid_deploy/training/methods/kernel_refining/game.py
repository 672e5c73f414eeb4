"""The game of KR-GAL; importing it loads TensorFlow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bireid_models.framework import tf
from bireid_models.layers import BinaryConv2D

from bireid_deploy.training.methods.adversarial import (
    Samples,
    discriminators_loss,
    generator_loss,
    guessing_loss,
    real_side_loss,
)
from bireid_deploy.training.methods.base import Play, Scene
from bireid_deploy.training.methods.discriminators import Discriminator
from bireid_deploy.training.methods.kernel_refining.section import KernelRefiningSection

_FEWEST_EPOCHS = 4
_GUESSING_MARGIN = 0.02


def kernel_mse(
    kernel: Any,
    binary_kernel: Any,
    alpha: Any,
    weight: float,
    reduction: Literal["sum", "mean"] = "sum",
) -> Any:
    """`(lambda / 2) ||w - alpha o sign(w)||^2`, eq. 6.11.

    Args:
        kernel: Latent kernel w, (..., C_out).
        binary_kernel: sign(w), same shape.
        alpha: (C_out,).
        weight: lambda.
        reduction: Sum over elements, as the norm says, or their mean.

    Returns:
        Scalar.
    """
    squared = tf.square(kernel - alpha * binary_kernel)
    reduced = tf.reduce_sum(squared) if reduction == "sum" else tf.reduce_mean(squared)
    return 0.5 * weight * reduced


@dataclass(frozen=True)
class KernelRefining:
    """KR-GAL over all binary layers, with one discriminator per layer.

    A sample is one flattened filter: the latent ones are "real", `alpha o sign(w)` is "fake".
    """

    layers: tuple[BinaryConv2D, ...]
    discriminators: tuple[Discriminator, ...]
    options: KernelRefiningSection

    @classmethod
    def build(cls, layers: list[BinaryConv2D], options: KernelRefiningSection) -> "KernelRefining":
        """Create the discriminators for these built layers."""
        discriminators = []
        for layer in layers:
            height, width, channels, _ = layer.kernel.shape
            discriminators.append(
                Discriminator(
                    height * width * channels, options.discriminator, f"kernel_{layer.name}"
                )
            )
        return cls(tuple(layers), tuple(discriminators), options)

    @property
    def adversaries(self) -> list[Any]:
        """W_D."""
        return [variable for each in self.discriminators for variable in each.variables]

    @property
    def companions(self) -> list[Any]:
        """None: nothing but the discriminators is added."""
        return []

    def state(self) -> dict[str, Any]:
        """Nothing beside the discriminators."""
        return {}

    def play(self, scene: Scene) -> Play:
        """The discriminators see the filters whose turn it is; the network answers."""
        samples = self.samples(scene.step)
        return Play(
            refining={"kernel_mse": self.mse_loss()},
            ascent={"kernel_discriminator": discriminators_loss(self.discriminators, samples)},
            answer=lambda: {"kernel_adversarial": self.adversarial_loss(samples)},
        )

    def advice(self, history: Sequence[Mapping[str, float]]) -> str | None:
        """Says if the discriminators could do no better than guess in the last half of a run."""
        guess = guessing_loss(len(self.discriminators))
        late = [epoch["kernel_discriminator"] for epoch in history[len(history) // 2 :]]
        if len(late) < _FEWEST_EPOCHS or min(late) < (1 - _GUESSING_MARGIN) * guess:
            return None
        return (
            "KR-GAL: its discriminators only guessed (kernel_discriminator "
            f"{late[-1]:.3g}, guessing gives {guess:.3g}), so that the adversarial term taught "
            "nothing; raise optimizer.discriminator_rate or train longer"
        )

    def samples(self, step: Any) -> list[Samples]:
        """The filters whose turn it is, of every layer.

        Args:
            step: int32 scalar; with `filters_per_step` the filters take turns.

        Returns:
            Per layer (latent, alpha o sign), each (filters, H W C_in).
        """
        return [self._layer_samples(layer, step) for layer in self.layers]

    def adversarial_loss(self, samples: list[Samples]) -> Any:
        """Sum over layers of eq. 6.10 as the kernels and alpha descend it (eq. 6.20, 6.28)."""
        saturating = self.options.saturating
        terms = [
            generator_loss(discriminator(fake), saturating=saturating)
            + real_side_loss(discriminator(real), saturating=saturating)
            for discriminator, (real, fake) in zip(self.discriminators, samples, strict=True)
        ]
        return self.options.adversarial_weight * tf.add_n(terms)

    def mse_loss(self) -> Any:
        """Sum over layers of eq. 6.11."""
        terms = []
        for layer in self.layers:
            binary_kernel = layer.binary_kernel()
            if self.options.mse_gradient == "direct":
                binary_kernel = tf.stop_gradient(binary_kernel)
            terms.append(
                kernel_mse(
                    layer.kernel,
                    binary_kernel,
                    layer.alpha,
                    self.options.mse_weight,
                    self.options.mse_reduction,
                )
            )
        return tf.add_n(terms)

    def _layer_samples(self, layer: BinaryConv2D, step: Any) -> Samples:
        kernel, alpha = tf.convert_to_tensor(layer.kernel), tf.convert_to_tensor(layer.alpha)
        filters, wanted = int(kernel.shape[-1]), self.options.filters_per_step
        if 0 < wanted < filters:
            turns = -(-filters // wanted)
            # The last turn overlaps the one before it, so that every turn has the same size.
            start = tf.minimum(step % turns * wanted, filters - wanted)
            kernel = tf.slice(kernel, [0, 0, 0, start], [*kernel.shape[:3], wanted])
            alpha = tf.slice(alpha, [start], [wanted])
        return _filters(kernel), _filters(layer.kernel_quantizer(kernel) * alpha)


def _filters(kernel: Any) -> Any:
    """(H, W, C_in, C_out) to one row per filter, (C_out, H W C_in)."""
    return tf.transpose(tf.reshape(kernel, (-1, kernel.shape[-1])))

"""One optimiser per parameter group, and the learning-rate schedule."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bireid_models.framework import keras, tf
from bireid_models.layers import SignKernelConv2D, latent_layers

from bireid_deploy.training.recipe import OptimizerSection

MOMENTUM = 0.9
STEP_DECAY = 0.1

_NOT_DECAYED = ["gamma", "beta", "_prelu", "bias"]


@dataclass(frozen=True)
class ParameterGroups:
    """The trainable variables of a network and its classifier, as BiRe-ID separates them.

    Attributes:
        kernels: Latent kernels w of the binary layers.
        alphas: Their output-channel scales or matrices C, where they are learned.
        others: p, everything else in the backbone.
        head: p of the network's head and of the task's own layers, such as a classifier.
    """

    kernels: list[Any]
    alphas: list[Any]
    others: list[Any]
    head: list[Any]

    @classmethod
    def split(cls, network: Any, task_variables: list[Any]) -> "ParameterGroups":
        """Sort the variables of a `Network` by the layer that owns them."""
        layers = latent_layers(network.model)
        kernels = [layer.kernel for layer in layers]
        alphas = [each.learned_scale for each in layers if each.learned_scale is not None]
        deployed = {layer.name for layer in network.model.layers}
        # What a head learns for the losses alone is not in the deployed model.
        beside = [layer for layer in network.features.layers if layer.name not in deployed]
        head = [
            variable
            for layer in (*network.model.layers, *beside)
            if layer.name in network.head_layers
            for variable in layer.trainable_variables
        ]
        owned = {id(variable) for variable in kernels + alphas + head}
        others = [each for each in network.model.trainable_variables if id(each) not in owned]
        return cls(kernels, alphas, others, head + task_variables)


class Optimizers:
    """The optimisers of eq. 6.25, 6.27, 6.33 and of the discriminators' ascent.

    Args:
        options: Method, learning rates and weight decay.
        groups: Variables of the network and the task.
        companions: Variables of methods that share the optimiser of the head.
        adversaries: W_D.
    """

    def __init__(
        self,
        options: OptimizerSection,
        groups: ParameterGroups,
        companions: list[Any],
        adversaries: list[Any],
    ) -> None:
        backbone = options.backbone_factor
        self.rates = {
            "kernels": options.kernel_rate * backbone,
            "alphas": options.alpha_rate * backbone,
            "others": options.other_rate * backbone,
            "head": options.other_rate,
            "discriminators": options.discriminator_rate,
        }
        self.variables_of = {
            "kernels": groups.kernels,
            "alphas": groups.alphas,
            "others": groups.others,
            "head": groups.head + companions,
            "discriminators": adversaries,
        }
        self._optimizers = {
            name: _optimizer(name, options)
            for name, variables in self.variables_of.items()
            if variables
        }
        for name, optimizer in self._optimizers.items():
            optimizer.build(self.variables_of[name])

    def apply(self, group: str, gradients: list[Any]) -> None:
        """Descend with the gradients of one group; an absent gradient leaves its variable."""
        pairs = zip(gradients, self.variables_of[group], strict=True)
        kept = [(gradient, variable) for gradient, variable in pairs if gradient is not None]
        if kept:
            self._optimizers[group].apply_gradients(kept)

    def set_factor(self, factor: float) -> None:
        """Scale every learning rate by the schedule's factor."""
        for name, optimizer in self._optimizers.items():
            optimizer.learning_rate.assign(self.rates[name] * factor)

    def current_rates(self) -> dict[str, float]:
        """The learning rate of every group that has variables."""
        return {
            name: float(optimizer.learning_rate.numpy())
            for name, optimizer in self._optimizers.items()
        }

    def state(self) -> dict[str, Any]:
        """Every slot variable by a stable name, for checkpoints."""
        return {
            f"optimizer/{name}/{index}": variable
            for name, optimizer in self._optimizers.items()
            for index, variable in enumerate(optimizer.variables)
        }


def schedule_factor(
    epoch: float,
    epochs: int,
    warmup_epochs: float,
    schedule: Literal["linear", "cosine", "constant", "step"],
    milestones: Sequence[float] = (),
) -> float:
    """Learning-rate factor in [0, 1] at a moment of training, counted in (fractions of) epochs.

    Linear warm-up from 0.01, then `linear` or `cosine` decay to 0 at the end, `constant`, or
    `step`: a tenth at each milestone (in epochs, the warm-up included).
    """
    if epoch < warmup_epochs:
        return 0.01 + 0.99 * epoch / warmup_epochs
    progress = (epoch - warmup_epochs) / max(1e-9, epochs - warmup_epochs)
    if schedule == "linear":
        return 1.0 - progress
    if schedule == "cosine":
        return 0.5 * (1.0 + math.cos(math.pi * progress))
    if schedule == "step":
        return float(STEP_DECAY ** sum(epoch >= milestone for milestone in milestones))
    return 1.0


def initialise_alphas(
    layers: list[SignKernelConv2D], mode: Literal["mean_abs", "random", "ones"], seed: int
) -> None:
    """Set alpha, or C, of every binary layer that learns one.

    `mean_abs` is the minimiser of the kernel MSE, `||w||_1 / size` per filter (eq. 6.5), or the
    mean over all weights that a number of C stands for; `random` is uniform in [0, 2 mean_abs];
    `ones` leaves 1.
    """
    for index, layer in enumerate(layers):
        scale = layer.learned_scale
        if scale is None:
            continue
        if mode == "ones":
            scale.assign(tf.ones_like(scale))
            continue
        mean = _mean_magnitude(layer)
        if mode == "random":
            mean *= tf.random.stateless_uniform(mean.shape, (seed, index), maxval=2.0)
        scale.assign(mean)


def _mean_magnitude(layer: SignKernelConv2D) -> Any:
    """Mean |w| over the weights that one number of alpha (filters,) or of C multiplies."""
    magnitude = tf.abs(layer.kernel)
    if layer.matrix is None:
        return tf.reduce_mean(magnitude, axis=[0, 1, 2])
    shared = [axis for axis, size in enumerate(layer.matrix.shape) if size == 1]
    return tf.reduce_mean(magnitude, axis=shared, keepdims=True)


def _optimizer(group: str, options: OptimizerSection) -> Any:
    decay = options.weight_decay if group in ("others", "head") else None
    if options.method == "sgd" and group != "discriminators":
        optimizer = keras.optimizers.SGD(
            momentum=MOMENTUM, nesterov=True, weight_decay=decay, jit_compile=False
        )
    elif decay is None:
        return keras.optimizers.Adam(jit_compile=False)
    else:
        optimizer = keras.optimizers.AdamW(weight_decay=decay, jit_compile=False)
    optimizer.exclude_from_weight_decay(var_names=_NOT_DECAYED)
    return optimizer

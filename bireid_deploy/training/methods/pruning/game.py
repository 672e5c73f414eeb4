"""Pruned RBCN at work: D on the output, the data loss, the masks; importing it loads TensorFlow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_models.framework import tf
from bireid_models.map_layers import ChannelMask

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.features import require_features
from bireid_deploy.training.methods.adversarial import discriminator_loss, generator_loss
from bireid_deploy.training.methods.base import Play, Scene
from bireid_deploy.training.methods.discriminators import Discriminator
from bireid_deploy.training.methods.pruning.fista import MaskMoves
from bireid_deploy.training.methods.pruning.section import PruningSection
from bireid_deploy.training.methods.teachers import open_teacher_network

_OUTPUT = "neck"
# The masks count whole numbers of structures, so a share may stay a little below its target.
_NEAR = 0.95


def data_loss(unpruned: Any, pruned: Any) -> Any:
    """`1 / (2 n) sum_i ||R_i - T_i||^2`, eq. 3.80.

    Args:
        unpruned: R, float32 (n, D); gets no gradient.
        pruned: T, float32 (n, D).

    Returns:
        Scalar.
    """
    difference = tf.stop_gradient(unpruned) - pruned
    return 0.5 * tf.reduce_mean(tf.reduce_sum(tf.square(difference), axis=-1))


def output_discriminator_loss(unpruned_logits: Any, pruned_logits: Any) -> Any:
    """What D descends: the game, and `-log D(T)` of eq. 3.81, which keeps it from winning."""
    game = discriminator_loss(unpruned_logits, pruned_logits)
    return game + generator_loss(pruned_logits, saturating=False)


@dataclass(frozen=True)
class PruningGame:
    """The pruned network against the unpruned one.

    Attributes:
        unpruned: The trained network; it runs in inference mode and gets no gradient.
        masks: The network's masks.
        moves: What moves them.
        discriminator: On the features behind the neck.
        options: The recipe's table.
    """

    unpruned: Any
    masks: tuple[Any, ...]
    moves: MaskMoves
    discriminator: Discriminator
    options: PruningSection

    @classmethod
    def open(cls, path: Path, network: Any, options: PruningSection) -> "PruningGame":
        """Open the unpruned network.

        Args:
            path: Its run.
            network: The network with masks.
            options: The recipe's table.

        Raises:
            TrainingError: Not a run, or its output is of another length, or there is no mask.
        """
        unpruned = open_teacher_network(path, network)
        for each in (unpruned, network):
            require_features(each, [_OUTPUT], "pruning")
        theirs, ours = (each.features.output_shape[_OUTPUT] for each in (unpruned, network))
        if theirs != ours:
            raise TrainingError(
                f"{path}: the unpruned network gives {theirs[-1]} features, the pruned one "
                f"{ours[-1]}; start from a run of the same network"
            )
        layers = [layer for layer in network.model.layers if isinstance(layer, ChannelMask)]
        if not layers:
            raise TrainingError(
                f"pruning: backbone {network.config.backbone!r} has no unit that a mask fits; "
                "set network.backbone to a ResNet, such as 'resnet18'"
            )
        masks = tuple(layer.mask for layer in layers)
        target = options.target if options.norm == "trimmed" else None
        moves = MaskMoves(masks, options.mask_rate, options.sparsity_weight, target)
        discriminator = Discriminator(int(ours[-1]), options.discriminator, "pruning")
        return cls(unpruned, masks, moves, discriminator, options)

    @property
    def adversaries(self) -> list[Any]:
        """Y_p, the discriminator's weights."""
        return self.discriminator.variables

    @property
    def companions(self) -> list[Any]:
        """None: masks follow FISTA, not an optimiser."""
        return []

    def state(self) -> dict[str, Any]:
        """The masks and their momentum."""
        return self.moves.state()

    def set_progress(self, fraction: float) -> None:
        """Let the masks stand still after their share of the training."""
        self.moves.stand_still(fraction >= self.options.until)

    def play(self, scene: Scene) -> Play:
        """D sees both outputs; then the masks move, and the network answers."""
        unpruned = self.unpruned.features(scene.images, training=False)[_OUTPUT]
        pruned = scene.features[_OUTPUT]
        data = self.options.data_weight * data_loss(unpruned, pruned)
        seen = output_discriminator_loss(
            self.discriminator(tf.stop_gradient(unpruned)),
            self.discriminator(tf.stop_gradient(pruned)),
        )
        return Play(
            refining={"pruning_data": data},
            ascent={"pruning_discriminator": seen},
            observed={"masked_share": self.moves.masked_share()},
            answer=lambda: {"pruning_adversarial": self._answer(data, pruned)},
        )

    def advice(self, history: Sequence[Mapping[str, float]]) -> str | None:
        """Says if nothing went, or less than was to go."""
        if self.options.norm == "l1":
            if not history or history[-1]["masked_share"] > 0:
                return None
            return "pruning: no mask became zero; raise pruning.sparsity_weight or train longer"
        if not history or history[-1]["masked_share"] >= _NEAR * self.options.target:
            return None
        return (
            f"pruning: {history[-1]['masked_share']:.0%} of the masks became zero, "
            f"{self.options.target:.0%} were to; raise pruning.sparsity_weight or "
            "pruning.mask_rate, or train longer"
        )

    def _answer(self, data: Any, pruned: Any) -> Any:
        """The generator's least squares; moves the masks on the way, eq. 3.86."""
        judged = tf.sigmoid(self.discriminator(pruned))
        adversarial = self.options.adversarial_weight * tf.reduce_mean(tf.square(1.0 - judged))
        handles = [mask.handle for mask in self.masks]
        self.moves.move(
            tf.gradients(
                adversarial + data,
                handles,
                aggregation_method=tf.AggregationMethod.EXPERIMENTAL_TREE,
            )
        )
        return adversarial

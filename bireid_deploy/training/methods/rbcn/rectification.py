"""RBCN's kernel loss, its update strategy, and C*; importing it loads TensorFlow."""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from bireid_models.deploying import fold_matrices
from bireid_models.framework import tf
from bireid_models.layers import BinaryConv2D, binary_layers

from bireid_deploy.training.batches import Batch
from bireid_deploy.training.checkpoint import DEPLOYED
from bireid_deploy.training.methods.base import Play, Scene
from bireid_deploy.training.methods.rbcn.section import RbcnSection
from bireid_deploy.training.methods.rbcn.statistics import FoldedStatistics


def kernel_loss(
    layer: BinaryConv2D, weight: float, gradient: Literal["total", "direct", "literal"]
) -> Any:
    """`(lambda1 / 2) sum_i ||W_i - C o sign(W_i)||^2`, eq. 3.64.

    Its gradient for C is that of eq. 3.75, whichever `gradient` the kernels get.

    Args:
        layer: A layer with a learned C, or an alpha per channel.
        weight: lambda1.
        gradient: See `RbcnSection`.

    Returns:
        Scalar.
    """
    kernel, signs = tf.convert_to_tensor(layer.kernel), layer.binary_kernel()
    if gradient == "literal":
        kernel = tf.stop_gradient(kernel)
    if gradient == "direct":
        signs = tf.stop_gradient(signs)
    rectified = tf.convert_to_tensor(layer.learned_scale) * signs
    return 0.5 * weight * tf.reduce_sum(tf.square(kernel - rectified))


class Rectification:
    """RBCN over all binary layers of a network.

    Args:
        network: Built network.
        options: The recipe's table.
    """

    def __init__(self, network: Any, options: RbcnSection) -> None:
        self._layers = binary_layers(network.model)
        self._options = options
        folded = fold_matrices(network)
        has_statistics = folded is not network and options.statistics_batches > 0
        self._statistics = FoldedStatistics(network, folded) if has_statistics else None

    @property
    def adversaries(self) -> list[Any]:
        """None."""
        return []

    @property
    def companions(self) -> list[Any]:
        """None: C is among the network's own variables."""
        return []

    def state(self) -> dict[str, Any]:
        """The statistics of the deployed network, float32 (C,) each."""
        if self._statistics is None:
            return {}
        return {f"{DEPLOYED}{each.name}": each for each in self._statistics.variables}

    def play(self, scene: Scene) -> Play:
        """The kernel loss, which kernels and C descend."""
        options = self._options
        terms = [
            kernel_loss(layer, options.kernel_weight, options.kernel_gradient)
            for layer in self._layers
        ]
        return Play(refining={"rectification": tf.add_n(terms)})

    def after_epoch(self, batches: Iterable[Batch], descend: Callable[[Batch], None]) -> None:
        """The update strategy "B", then the statistics of the network with C*."""
        batches = iter(batches)
        if self._options.others_share > 0:
            for batch in batches:
                descend(batch)
                if batch.index + 1 >= math.ceil(self._options.others_share * batch.count):
                    break
        if self._statistics is not None:
            wanted = self._options.statistics_batches
            self._statistics.estimate(batch.images for batch in itertools.islice(batches, wanted))

    def advice(self, history: Sequence[Mapping[str, float]]) -> str | None:
        """Nothing: kernels grow as they learn, so the loss rises in a good run too."""
        return None

"""Batch-normalisation statistics of the network that is deployed, with C* in the place of C."""

from collections.abc import Iterable
from typing import Any

from bireid_models.deploying import copy_folded

from bireid_deploy.training.batch_statistics import batch_norms, estimate_statistics


class FoldedStatistics:
    """Keeps the statistics of the folded twin of a network that trains.

    They are the mean over batches of what the layers see in training mode, so neither the order of
    the batches nor an earlier estimate counts.

    Args:
        network: The network that trains.
        folded: What `fold_matrices` made of it.
    """

    def __init__(self, network: Any, folded: Any) -> None:
        self._network, self._folded = network, folded
        self._layers = batch_norms(folded.features)

    @property
    def variables(self) -> list[Any]:
        """Moving means and variances of the folded network."""
        return [
            each for layer in self._layers for each in (layer.moving_mean, layer.moving_variance)
        ]

    def estimate(self, images: Iterable[Any]) -> None:
        """Estimate them anew with the present weights.

        Args:
            images: Batches float32 (N, H, W, C); without any the statistics stay those of C.
        """
        copy_folded(self._network, self._folded)
        estimate_statistics(self._folded.features, images)

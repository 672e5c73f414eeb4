"""The losses of re-identification in the training step; importing it loads TensorFlow."""

from collections.abc import Mapping
from typing import Any

from bireid_deploy.tasks.reid.triplet import batch_hard_triplet_loss
from bireid_deploy.tasks.supervised import ClassifierStep, LossSection
from bireid_deploy.training.features import branches, require_features


class ReIdStep(ClassifierStep):
    """Cross-entropy over identities, and batch-hard triplets on the features before the neck.

    Args:
        network: Built network with the features `pooled` and `classifier_input`.
        classes: Training people.
        options: The losses.

    Raises:
        TrainingError: The network has other features.
    """

    def __init__(self, network: Any, classes: int, options: LossSection) -> None:
        super().__init__(network, classes, options)
        if options.triplet_weight > 0:
            require_features(network, ["pooled"], "the triplet loss")
        self._triplet = options
        self._pooled = branches(network, "pooled")

    def terms(
        self, features: Mapping[str, Any], predictions: Mapping[str, Any], targets: Any
    ) -> dict[str, Any]:
        """`identity` and `triplet`, sums over the branches, each unless its weight is 0."""
        terms = super().terms(features, predictions, targets)
        options = self._triplet
        if options.triplet_weight > 0:
            loss = sum(
                batch_hard_triplet_loss(features[name], targets, options.triplet_margin)
                for name in self._pooled
            )
            terms["triplet"] = options.triplet_weight * loss
        return terms

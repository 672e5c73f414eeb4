"""Learning from clusters, as the training loop takes it."""

from typing import TYPE_CHECKING, Any

from bireid_runtime.preprocess import Preprocess

from bireid_deploy.adaptation.clustering.data import ClusterBatches, UnlabelledCrops
from bireid_deploy.training.recipe import Recipe

if TYPE_CHECKING:
    from bireid_deploy.adaptation.clustering.step import ClusterStep


class ClusterTask:
    """A `TrainableTask` for one run: its batches follow the clusters of its step."""

    def __init__(self) -> None:
        self._step: ClusterStep | None = None

    def step(self, recipe: Recipe, network: Any, data: UnlabelledCrops) -> "ClusterStep":
        """Clusters, and the losses on them."""
        from bireid_deploy.adaptation.clustering.step import ClusterStep

        size = Preprocess(recipe.network.input_height, recipe.network.input_width)
        self._step = ClusterStep(network, data, size)
        return self._step

    def batches(self, recipe: Recipe, data: UnlabelledCrops) -> ClusterBatches:
        """Batches of clusters; `step` must have been called before."""
        assert self._step is not None  # the loop builds the step first
        return ClusterBatches(recipe, data, self._step)

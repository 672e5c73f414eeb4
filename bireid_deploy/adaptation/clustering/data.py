"""The crops that a network is trained on without labels, and their batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bireid_deploy.adaptation.clustering.dbscan import NOISE
from bireid_deploy.adaptation.clustering.proxies import Proxies
from bireid_deploy.adaptation.clustering.section import ClusteringSection
from bireid_deploy.adaptation.crops import MAX_CAMERAS, Crops
from bireid_deploy.data.sampling import IdentitySampler
from bireid_deploy.tasks.supervised import augmented_batches
from bireid_deploy.training.batches import Batch
from bireid_deploy.training.recipe import Recipe


@dataclass(frozen=True, eq=False)
class UnlabelledCrops:
    """The data of a `ClusterTask`.

    Attributes:
        crops: Decoded crops.
        options: How they are clustered and learned from.
        description: What the record says about the data, JSON-serialisable.
        skipped: Files that are not used, with the reason.
    """

    crops: Crops
    options: ClusteringSection
    description: dict[str, Any]
    skipped: tuple[tuple[Path, str], ...] = ()


class HasProxies(Protocol):
    """Whoever knows what is learned in the present epoch."""

    def proxies(self) -> Proxies:
        """As they are now."""


class ClusterBatches:
    """Batches of P clusters with K crops each; noise is left out.

    They depend on the seed, the epoch, the index and the clusters of the epoch alone.

    Args:
        recipe: P, K, the augmentation and the seed.
        data: The crops.
        source: Asked for the clusters when an epoch begins.
    """

    def __init__(self, recipe: Recipe, data: UnlabelledCrops, source: HasProxies) -> None:
        self._recipe, self._data, self._source = recipe, data, source

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from index `first` on; the targets are proxies, int32."""
        proxies = self._source.proxies()
        sampler = _Sampler(proxies, self._data.options, self._recipe)
        pixels = self._data.crops.pixels
        yield from augmented_batches(self._recipe, pixels, proxies.of_image, sampler).epoch(
            epoch, first
        )


class _Sampler:
    """Draws from all clusters, or from those of one camera after the other."""

    def __init__(self, proxies: Proxies, options: ClusteringSection, recipe: Recipe) -> None:
        self._batch, self._seed = recipe.batch, recipe.seed
        kept = np.flatnonzero(proxies.of_image != NOISE)
        if options.batches == "mixed":
            self._groups = [(kept, proxies.labels[kept])]
            return
        of_image = proxies.of_image[kept]
        cameras = proxies.camera[of_image]
        self._groups = [
            (kept[cameras == camera], of_image[cameras == camera]) for camera in np.unique(cameras)
        ]

    def epoch(self, epoch: int) -> list[np.ndarray]:
        """Rows of the crops of each batch, int64 (P * K,); P is less where there are fewer."""
        batches: list[np.ndarray] = []
        for number, (rows, labels) in enumerate(self._groups):
            people = min(self._batch.identities, len(np.unique(labels)))
            # A batch of one cluster has nobody to be told from.
            if people < 2:
                continue
            seed = self._seed * MAX_CAMERAS + number
            sampler = IdentitySampler(labels, people, self._batch.images_per_identity, seed)
            batches.extend(rows[chosen] for chosen in sampler.epoch(epoch))
        order = np.random.default_rng([self._seed, epoch]).permutation(len(batches))
        return [batches[position] for position in order]

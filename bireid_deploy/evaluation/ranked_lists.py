"""The ranked list of single queries: what `rank` scores, image by image."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bireid_deploy.data.dataset import JUNK
from bireid_deploy.evaluation.distances import squared_distances, unit_rows
from bireid_deploy.evaluation.embeddings import Embeddings
from bireid_deploy.evaluation.ranking import GalleryCameras, RankingResult, SameCamera


@dataclass(frozen=True, eq=False)
class RankedLists:
    """Queries and the gallery that they are searched in, without re-ranking.

    Attributes:
        query: Embeddings of the queries.
        gallery: Embeddings of the gallery.
        gallery_cameras: As for `rank`.
        same_camera: As for `rank`.
    """

    query: Embeddings
    gallery: Embeddings
    gallery_cameras: GalleryCameras = "any"
    same_camera: SameCamera = "drop"

    def taking_part(self, index: int) -> NDArray[np.bool_]:
        """The gallery images that `rank` keeps for a query, bool (G,)."""
        left_out = self.gallery.person_ids == JUNK
        if self.same_camera == "drop":
            of_camera = self.gallery.camera_ids == self.query.camera_ids[index]
            of_person = self.gallery.person_ids == self.query.person_ids[index]
            left_out |= of_camera & (of_person | (self.gallery_cameras == "other"))
        kept: NDArray[np.bool_] = ~left_out
        return kept

    def similarities(self, index: int) -> NDArray[np.float32]:
        """Cosines float32 (G,) of a query and the gallery; -inf where an image is left out."""
        query, gallery = self._units
        distances = squared_distances(query[index : index + 1], gallery)[0]
        return np.where(self.taking_part(index), 1 - distances / 2, -np.inf).astype(np.float32)

    def nearest(self, index: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The gallery images nearest to a query, at most `count`, and their cosines."""
        similarities = self.similarities(index)
        order = np.argsort(-similarities, kind="stable")[:count]
        order = order[np.isfinite(similarities[order])]
        return order, similarities[order]

    @cached_property
    def _units(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return unit_rows(self.query.vectors, "query"), unit_rows(self.gallery.vectors, "gallery")


def by_average_precision(result: RankingResult) -> NDArray[np.int64]:
    """The queries with a true match, from the best average precision to the worst, int64."""
    valid = np.flatnonzero(~np.isnan(result.average_precisions))
    return valid[np.argsort(-result.average_precisions[valid], kind="stable")]


def evenly_spaced(order: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """At most `count` entries of an order, from its first to its last."""
    places = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)
    return order[places]

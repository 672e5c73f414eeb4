"""k-reciprocal re-ranking (Zhong et al., CVPR 2017) in the memory of the sparse encodings.

The published code keeps matrices of `(Q + G)^2` numbers. Here a chunk of distances exists at a
time, and the k-reciprocal encodings, which have at most a few hundred non-zeros per image, are
stored as sparse rows.

Which distance is squared: the published function squares what it is given, and callers differ.
This module follows torchreid, which hands over the *squared* Euclidean distance, so
`d(i, j) = ||x_i - x_j||^4 / max_k ||x_i - x_k||^4` on L2-normalised embeddings. (Its other choice,
the cosine distance, is half the squared Euclidean one and gives the same `d`.) The neighbours do
not depend on this choice; the weights and the final blend do.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bireid_deploy.evaluation.distances import squared_distances
from bireid_deploy.evaluation.k_reciprocal import (
    encode_all,
    jaccard_distances,
    largest_encoding,
    row_of,
)

# Column (4) and value (4) of an entry, in the averaged encodings, in their transpose, and in the
# sorting between; the encodings before averaging are k2 times smaller.
_BYTES_PER_NONZERO = 32


@dataclass(frozen=True)
class ReRanking:
    """Settings of k-reciprocal re-ranking; the defaults are those of the paper.

    Attributes:
        k1: Size of the neighbourhood whose reciprocal members encode an image.
        k2: Number of nearest neighbours, the image itself among them, whose encodings are
            averaged; 1 leaves the encodings alone.
        original_distance_weight: Share of the original distance in the final one, in [0, 1]
            (lambda in the paper).

    Raises:
        ValueError: A value is out of range.
    """

    k1: int = 20
    k2: int = 6
    original_distance_weight: float = 0.3

    def __post_init__(self) -> None:
        if self.k1 < 1:
            raise ValueError(f"k1 is {self.k1}; it must be at least 1")
        if not 1 <= self.k2 <= self.k1 + 1:
            raise ValueError(f"k2 is {self.k2}; it must be in [1, k1 + 1 = {self.k1 + 1}]")
        if not 0 <= self.original_distance_weight <= 1:
            raise ValueError(
                f"original_distance_weight is {self.original_distance_weight}; it must be in [0, 1]"
            )


class ReRankedDistances:
    """Re-ranked distances of the queries, computed a few queries at a time."""

    def __init__(
        self,
        query: NDArray[np.float32],
        gallery: NDArray[np.float32],
        settings: ReRanking,
        chunk: int,
    ) -> None:
        """Encode every image of query and gallery.

        Args:
            query: Unit rows, float32 `(Q, D)`.
            gallery: Unit rows, float32 `(G, D)`.
            settings: Parameters of the method.
            chunk: Images whose distances are held at a time while neighbours are found.
        """
        vectors = np.concatenate([query, gallery])
        self._query = vectors[: len(query)]
        self._gallery = vectors[len(query) :]
        self._weight = np.float32(settings.original_distance_weight)
        encodings, farthest = encode_all(vectors, settings.k1, settings.k2, chunk)
        self._farthest = farthest[: len(query)]
        self._query_encodings = encodings
        # Row c: the gallery images that have an entry in column c.
        self._gallery_index = encodings[len(query) :].T.tocsr()

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Give the distances of the queries `start` to `stop - 1`, float32 `(stop - start, G)`."""
        distances = squared_distances(self._query[start:stop], self._gallery)
        distances /= self._farthest[start:stop, np.newaxis]
        distances *= distances
        distances *= self._weight
        for row, image in zip(distances, range(start, stop), strict=True):
            encoding = row_of(self._query_encodings, image)
            row += (1 - self._weight) * jaccard_distances(encoding, self._gallery_index)
        return distances


def memory_estimate(image_count: int, embedding_size: int, settings: ReRanking) -> int:
    """Bound the working memory of re-ranking.

    It grows linearly with the number of images: the joined embeddings, the neighbours, and the
    encodings at the largest number of non-zeros that the method can make, which real data stays
    several times below.

    Args:
        image_count: Images of query and gallery together.
        embedding_size: Values per embedding.
        settings: Parameters of the method.

    Returns:
        Bytes.
    """
    nonzeros = min(largest_encoding(settings.k1) * settings.k2, image_count)
    neighbours = min(settings.k1 + 1, image_count)
    per_image = 4 * embedding_size + 16 * neighbours + _BYTES_PER_NONZERO * nonzeros
    return image_count * per_image

"""Distances between embeddings: squared Euclidean on rows of unit length."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bireid_deploy.errors import EmbeddingsError


class QueryDistances(Protocol):
    """Anything that gives the distances from queries to the whole gallery, a few at a time."""

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Give the distances of the queries `start` to `stop - 1`.

        Args:
            start: First query.
            stop: One past the last query.

        Returns:
            A new array, float32 `(stop - start, G)`.
        """
        ...


class EuclideanDistances:
    """Squared Euclidean distances, `2 - 2 cos`, in the range 0 to 4."""

    def __init__(self, query: NDArray[np.float32], gallery: NDArray[np.float32]) -> None:
        """Keep the two sets.

        Args:
            query: Unit rows, float32 `(Q, D)`.
            gallery: Unit rows, float32 `(G, D)`.
        """
        self._query = query
        self._gallery = gallery

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Give the distances of the queries `start` to `stop - 1`, float32 `(stop - start, G)`."""
        return squared_distances(self._query[start:stop], self._gallery)


def unit_rows(vectors: NDArray[np.float32], role: str) -> NDArray[np.float32]:
    """Scale each row to Euclidean length 1.

    Args:
        vectors: Finite float32 `(N, D)`.
        role: What the rows are ("query"), for the message of an error.

    Returns:
        A new array, float32 `(N, D)`.

    Raises:
        EmbeddingsError: A row is all zeros, so it has no direction.
    """
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
    if not lengths.all():
        raise EmbeddingsError(
            f"{role} embedding {int(np.argmin(lengths))} is all zeros; embed that image again"
        )
    unit = np.empty_like(vectors)
    return np.divide(vectors, lengths[:, np.newaxis], out=unit, casting="same_kind")


def squared_distances(
    first: NDArray[np.float32], second: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Squared Euclidean distances between unit rows.

    Args:
        first: Unit rows, float32 `(M, D)`.
        second: Unit rows, float32 `(N, D)`.

    Returns:
        `2 - 2 cos`, float32 `(M, N)`, at least 0.
    """
    distances = first @ second.T
    distances *= -2
    distances += 2
    # Rounding leaves the distance between two equal rows a little above or below zero.
    return np.maximum(distances, 0, out=distances)

"""Labelled embeddings, as ranking takes them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bireid_deploy.errors import EmbeddingsError


@dataclass(frozen=True, eq=False)
class Embeddings:
    """One embedding per image, with the labels that evaluation needs.

    Attributes:
        vectors: Embeddings, finite float32 `(N, D)`, of any length; evaluation normalises them.
        person_ids: Persons, int64 `(N,)`; -1 is junk, 0 a distractor, persons start at 1.
        camera_ids: Cameras, int64 `(N,)`; only ever compared with each other.
        names: File name or any other label of each image, N strings.

    Raises:
        EmbeddingsError: A shape, a dtype or a value is not the one above.
    """

    vectors: NDArray[np.float32]
    person_ids: NDArray[np.int64]
    camera_ids: NDArray[np.int64]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        require_vectors(self.vectors, self.names)
        require_labels(self.person_ids, self.camera_ids, len(self.vectors))

    def __len__(self) -> int:
        return len(self.vectors)


def require_vectors(vectors: NDArray, names: Sequence[str]) -> None:
    """Refuse vectors that are not finite float32 (N, D) with N, D >= 1, or not N names.

    Raises:
        EmbeddingsError: They are not.
    """
    _require_array("vectors", vectors, np.dtype(np.float32), dimensions=2)
    count, size = vectors.shape
    if count == 0 or size == 0:
        raise EmbeddingsError(f"vectors has shape {vectors.shape}; give at least one embedding")
    if len(names) != count:
        raise EmbeddingsError(f"names has {len(names)} entries for {count} vectors")
    if not all(isinstance(name, str) for name in names):
        raise EmbeddingsError("names holds something other than text; give a tuple of str")
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise EmbeddingsError(
            f"vectors: row {row} ({names[row]}) holds NaN or infinity; embed it again"
        )


def require_labels(person_ids: NDArray, camera_ids: NDArray, count: int) -> None:
    """Refuse labels that are not int64 (count,), or a person below -1.

    Raises:
        EmbeddingsError: They are not.
    """
    for field, labels in (("person_ids", person_ids), ("camera_ids", camera_ids)):
        _require_array(field, labels, np.dtype(np.int64), dimensions=1)
        if len(labels) != count:
            raise EmbeddingsError(f"{field} has {len(labels)} entries for {count} vectors")
    if person_ids.min() < -1:
        raise EmbeddingsError(
            f"person_ids holds {person_ids.min()}; ids are -1 (junk), 0 or positive"
        )


def _require_array(field: str, array: NDArray, dtype: np.dtype, dimensions: int) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != dimensions:
        found = (
            f"{array.dtype} {array.shape}"
            if isinstance(array, np.ndarray)
            else type(array).__name__
        )
        raise EmbeddingsError(
            f"{field} must be a {dtype} array of {dimensions} dimension(s), not {found}; "
            "convert it first"
        )

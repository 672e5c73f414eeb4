"""What can be said without labels about how well embeddings of several cameras fit each other."""

from dataclasses import asdict, dataclass

import numpy as np

_NEIGHBOURS = 10
_CHUNK = 1024


@dataclass(frozen=True)
class Consistency:
    """Figures of embeddings of two cameras or more; all grow when cameras matter less.

    Attributes:
        mutual: Share of pairs (crop, other camera) in which the crop and its nearest neighbour
            there are each other's nearest, 0..1.
        symmetry: Mean over the same pairs of 1 / rank of the crop, seen from that neighbour among
            the crops of its camera, 0..1.
        mixing: Share of other cameras among the 10 nearest neighbours of a crop, divided by what
            it would be if cameras did not matter; 0 where every camera keeps to itself.
    """

    mutual: float
    symmetry: float
    mixing: float

    def to_json(self) -> dict[str, float]:
        """By name."""
        return asdict(self)


def consistency(vectors: np.ndarray, cameras: np.ndarray) -> Consistency | None:
    """Measure embeddings.

    Args:
        vectors: Unit rows, float32 (N, D).
        cameras: Camera of each, int64 (N,).

    Returns:
        The figures; None for one camera.
    """
    names = np.unique(cameras)
    if len(names) < 2:
        return None
    mutual, inverse_ranks = [], []
    for first in names:
        for second in names:
            if first != second:
                found = _pair(vectors[cameras == first], vectors[cameras == second])
                mutual.append(found == 1)
                inverse_ranks.append(1 / found)
    return Consistency(
        mutual=float(np.concatenate(mutual).mean()),
        symmetry=float(np.concatenate(inverse_ranks).mean()),
        mixing=_mixing(vectors, cameras),
    )


def _pair(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Rank of each of our rows (from 1), seen from its nearest row among theirs."""
    nearest = np.concatenate(
        [
            (ours[start : start + _CHUNK] @ theirs.T).argmax(axis=1)
            for start in range(0, len(ours), _CHUNK)
        ]
    )
    ranks = np.empty(len(ours), np.int64)
    for start in range(0, len(ours), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(ours)))
        seen = theirs[nearest[rows]] @ ours.T
        ranks[rows] = 1 + (seen > seen[np.arange(len(rows)), rows][:, np.newaxis]).sum(axis=1)
    return ranks


def _mixing(vectors: np.ndarray, cameras: np.ndarray) -> float:
    count = min(_NEIGHBOURS, len(vectors) - 1)
    others, expected = 0.0, 0.0
    for start in range(0, len(vectors), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(vectors)))
        similarity = vectors[rows] @ vectors.T
        similarity[np.arange(len(rows)), rows] = -np.inf
        near = np.argpartition(-similarity, count - 1, axis=1)[:, :count]
        differs = cameras[:, np.newaxis] != cameras[rows]
        others += float((cameras[near] != cameras[rows][:, np.newaxis]).sum()) / count
        expected += float(differs.sum()) / (len(vectors) - 1)
    return others / expected

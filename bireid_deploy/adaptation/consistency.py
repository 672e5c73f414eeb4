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
        bridged: Share of the crops of a camera whose nearest neighbour in another one is mutual and
            nearer than any crop of their own camera, 0..1; that of the camera with the smallest.
        mixing: Share of other cameras among the 10 nearest neighbours of a crop, divided by what
            it would be if cameras did not matter; 0 where every camera keeps to itself.
    """

    mutual: float
    symmetry: float
    bridged: float
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
    rows = {name: vectors[cameras == name] for name in names.tolist()}
    ranks, bridged = [], []
    for name, ours in rows.items():
        own = _nearest(ours, ours, same=True)[1]
        any_bridge = np.zeros(len(ours), bool)
        for other, theirs in rows.items():
            if other == name:
                continue
            nearest, similarity = _nearest(ours, theirs)
            found = _ranks_from(nearest, theirs, ours)
            any_bridge |= (found == 1) & (similarity >= own)
            ranks.append(found)
        bridged.append(any_bridge.mean())
    all_ranks = np.concatenate(ranks)
    return Consistency(
        mutual=float((all_ranks == 1).mean()),
        symmetry=float((1 / all_ranks).mean()),
        bridged=float(min(bridged)),
        mixing=_mixing(vectors, cameras),
    )


def _nearest(
    ours: np.ndarray, theirs: np.ndarray, same: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Nearest of their rows to each of ours, and the cosine; not itself if they are the same."""
    nearest = np.empty(len(ours), np.int64)
    similarity = np.empty(len(ours), np.float32)
    for start in range(0, len(ours), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(ours)))
        cosines = ours[rows] @ theirs.T
        if same:
            cosines[np.arange(len(rows)), rows] = -np.inf
        nearest[rows] = cosines.argmax(axis=1)
        similarity[rows] = cosines.max(axis=1)
    return nearest, similarity


def _ranks_from(nearest: np.ndarray, theirs: np.ndarray, ours: np.ndarray) -> np.ndarray:
    """Rank of each of our rows (from 1) among ours, seen from its nearest of theirs."""
    ranks = np.empty(len(ours), np.int64)
    for start in range(0, len(ours), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(ours)))
        cosines = theirs[nearest[rows]] @ ours.T
        own = cosines[np.arange(len(rows)), rows][:, np.newaxis]
        ranks[rows] = 1 + (cosines > own).sum(axis=1)
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

"""DBSCAN (Ester et al., KDD 1996) on the Jaccard distance of k-reciprocal neighbours."""

from typing import TYPE_CHECKING

import numpy as np

from bireid_deploy.evaluation.k_reciprocal import encode_all, jaccard_distances, row_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

NOISE = -1
_CHUNK = 256


def close_pairs(vectors: np.ndarray, k1: int, k2: int, radius: float) -> "csr_array":
    """Find all pairs of images whose Jaccard distance is at most a radius.

    Args:
        vectors: Unit rows, float32 (N, D).
        k1: Size of the neighbourhood whose reciprocal members describe an image.
        k2: Nearest neighbours over which descriptions are averaged.
        radius: 0..1, below 1.

    Returns:
        Their distances, float32 (N, N), symmetric; an image is close to itself. Entries that are
        there may be 0.
    """
    from scipy.sparse import csr_array

    encodings, _ = encode_all(vectors, k1, k2, _CHUNK)
    index = encodings.T.tocsr()
    columns, values = [], []
    for image in range(len(vectors)):
        distances = jaccard_distances(row_of(encodings, image), index)
        distances[image] = 0.0
        near = np.flatnonzero(distances <= radius)
        columns.append(near)
        values.append(distances[near])
    offsets = np.cumsum([0, *map(len, columns)])
    shape = (len(vectors), len(vectors))
    return csr_array((np.concatenate(values), np.concatenate(columns), offsets), shape=shape)


def dbscan(close: "csr_array", least: int) -> np.ndarray:
    """Cluster images by density.

    An image is a core with `least` close ones, itself among them; close cores are of one cluster,
    and another image belongs to its closest core, if it has any.

    Args:
        close: Distances of close pairs; see `close_pairs`.
        least: At least 2.

    Returns:
        Clusters from 0 in the order of their first images, -1 for noise, int64 (N,).
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    core = np.diff(close.indptr) >= least
    labels = np.full(close.shape[0], NOISE, np.int64)
    if not core.any():
        return labels
    graph = csr_array((np.ones_like(close.data), close.indices, close.indptr), shape=close.shape)
    _, labels[core] = connected_components(graph[core][:, core], directed=False)
    for image in np.flatnonzero(~core):
        near, distances = row_of(close, image)
        if core[near].any():
            cores = near[core[near]]
            labels[image] = labels[cores[distances[core[near]].argmin()]]
    return _renumbered(labels)


def adjusted_rand_index(first: np.ndarray, second: np.ndarray) -> float:
    """How far two clusterings agree (Hubert and Arabie 1985): 1 if fully, 0 as if by chance.

    Every image that is noise counts as a cluster of its own.

    Args:
        first: Clusters, -1 for noise, int64 (N,).
        second: Others of the same images.
    """
    one, two = _with_singletons(first), _with_singletons(second)
    pairs = np.unique(np.stack([one, two]), axis=1, return_counts=True)[1]
    both = _pairs_within(pairs)
    ours, theirs = _pairs_within(np.bincount(one)), _pairs_within(np.bincount(two))
    expected = ours * theirs / max(1.0, _pairs_within(np.array([len(first)])))
    most = (ours + theirs) / 2
    return 1.0 if most == expected else float((both - expected) / (most - expected))


def _pairs_within(sizes: np.ndarray) -> float:
    return float((sizes * (sizes - 1) / 2).sum())


def _with_singletons(labels: np.ndarray) -> np.ndarray:
    noise = labels == NOISE
    alone = labels.copy()
    alone[noise] = labels.max(initial=NOISE) + 1 + np.arange(noise.sum())
    return alone


def _renumbered(labels: np.ndarray) -> np.ndarray:
    found, first = np.unique(labels[labels != NOISE], return_index=True)
    new = np.full(labels.max() + 1, NOISE, np.int64)
    new[found[np.argsort(first)]] = np.arange(len(found))
    return np.where(labels == NOISE, NOISE, new[labels])

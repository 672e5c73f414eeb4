"""k-reciprocal encodings of images (Zhong et al., CVPR 2017, section 3) as sparse rows."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bireid_deploy.evaluation.distances import squared_distances

if TYPE_CHECKING:
    from scipy.sparse import csr_array


Row = tuple[NDArray[np.int32], NDArray[np.float32]]
"""Columns and values of the entries of one row."""

Encoded = tuple["csr_array", NDArray[np.float32]]
"""The encodings of images, a row each, and the largest squared distance from each image."""


def row_of(matrix: "csr_array", index: int) -> Row:
    """Give the columns and the values of one row, without a copy."""
    entries = slice(matrix.indptr[index], matrix.indptr[index + 1])
    return matrix.indices[entries], matrix.data[entries]


def nearest_neighbours(
    vectors: NDArray[np.float32], count: int, chunk: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Find the nearest neighbours of each image, itself first, and the largest distance.

    Args:
        vectors: Unit rows, float32 `(N, D)`.
        count: Neighbours to find, the image itself among them; at most N are given.
        chunk: Images whose distances are held at a time.

    Returns:
        The neighbours, nearest first and equal distances by index, int32 `(N, count)`; and the
        largest squared Euclidean distance from each image, float32 `(N,)`, 1 where it is 0.
    """
    total = len(vectors)
    count = min(count, total)
    neighbours = np.empty((total, count), np.int32)
    farthest = np.empty(total, np.float32)
    for start in range(0, total, chunk):
        images = np.arange(start, min(start + chunk, total))
        distances = squared_distances(vectors[images], vectors)
        farthest[images] = distances.max(axis=1)
        # An image comes before its own duplicates.
        distances[images - start, images] = -1
        for image, row in zip(images, distances, strict=True):
            bound = np.partition(row, count - 1)[count - 1]
            near = np.flatnonzero(row <= bound)
            neighbours[image] = near[np.argsort(row[near], kind="stable")[:count]]
    # Where all images coincide every distance is 0, whatever it is divided by.
    farthest[farthest == 0] = 1
    return neighbours, farthest


def largest_encoding(k1: int) -> int:
    """Bound the number of non-zeros of an encoding before averaging.

    Each of the up to `k1 + 1` reciprocal neighbours adds a set of at most `k1 / 2 + 1` images of
    which more than two thirds are present already.
    """
    return (k1 + 1) * (1 + _half(k1) // 3)


def encode(
    vectors: NDArray[np.float32],
    neighbours: NDArray[np.int32],
    farthest: NDArray[np.float32],
    k1: int,
) -> "csr_array":
    """Encode each image by its expanded set of k-reciprocal neighbours.

    Args:
        vectors: Unit rows, float32 `(N, D)`.
        neighbours: The `k1 + 1` nearest neighbours of each image, int32 `(N, k1 + 1)`.
        farthest: Largest squared distance from each image, float32 `(N,)`.
        k1: Size of the neighbourhood.

    Returns:
        N rows of N columns: `exp(-d)` at the members of the set, 0 elsewhere, scaled to sum 1.
    """
    near = neighbours[:, : _half(k1) + 1]
    reciprocal, reciprocal_near = _reciprocal(neighbours), _reciprocal(near)

    def row(image: int) -> Row:
        core = neighbours[image, reciprocal[image]]
        members = _expanded(core, near, reciprocal_near)
        squared = squared_distances(vectors[image : image + 1], vectors[members])[0]
        weights = np.exp(-np.square(squared / farthest[image]))
        return members, weights / weights.sum()

    return _joined(map(row, range(len(vectors))), len(vectors))


def encode_all(vectors: NDArray[np.float32], k1: int, k2: int, chunk: int) -> Encoded:
    """Encode images by their k-reciprocal neighbours, expanded and averaged.

    Args:
        vectors: Unit rows, float32 `(N, D)`.
        k1: Size of the neighbourhood.
        k2: Nearest neighbours, the image among them, over which encodings are averaged; 1 for
            none.
        chunk: Images whose distances are held at a time.

    Returns:
        One row per image that sums to 1, and the largest squared distance from each, float32
        `(N,)`.
    """
    neighbours, farthest = nearest_neighbours(vectors, k1 + 1, chunk)
    encodings = encode(vectors, neighbours, farthest, k1)
    if k2 > 1:
        encodings = average_over_neighbours(encodings, neighbours[:, :k2])
    return encodings, farthest


def average_over_neighbours(encodings: "csr_array", neighbours: NDArray[np.int32]) -> "csr_array":
    """Replace each encoding by the mean over the nearest neighbours (local query expansion).

    Args:
        encodings: One row per image.
        neighbours: The neighbours to average over, int32 `(N, k2)`.

    Returns:
        One row per image; each still sums to 1.
    """
    from scipy.sparse import csr_array

    count, nearest = neighbours.shape
    share = np.full(neighbours.size, 1 / nearest, np.float32)
    offsets = np.arange(0, neighbours.size + 1, nearest)
    means = csr_array((share, neighbours.reshape(-1), offsets), shape=(count, count))
    return means @ encodings


def jaccard_distances(row: Row, index: "csr_array") -> NDArray[np.float32]:
    """Jaccard distances from one image to all that an index holds, eq. 10 of the paper.

    Args:
        row: Its encoding.
        index: The transposed encodings of the others: row c has the images with an entry in
            column c.

    Returns:
        float32 `(N,)`, 0..1; 1 for images that share no entry.
    """
    columns, values = row
    sharing = [row_of(index, column) for column in columns]
    images = np.concatenate([images for images, _ in sharing])
    smaller = np.concatenate(
        [np.minimum(other, own) for (_, other), own in zip(sharing, values, strict=True)]
    )
    overlap = np.bincount(images, weights=smaller, minlength=index.shape[1])
    # Encodings sum to 1, so the larger weights sum to 2 minus the sum of the smaller ones.
    return (1 - overlap / (2 - overlap)).astype(np.float32)


def _joined(rows: Iterable[Row], columns: int) -> "csr_array":
    """Build a matrix from its rows."""
    from scipy.sparse import csr_array

    indices, values = zip(*rows, strict=True)
    offsets = np.cumsum([0, *map(len, indices)])
    shape = (len(indices), columns)
    return csr_array((np.concatenate(values), np.concatenate(indices), offsets), shape=shape)


def _half(k1: int) -> int:
    # Python's round sends halves to the even neighbour, as the published code does.
    return round(k1 / 2)


def _reciprocal(neighbours: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell which neighbours have the image among their own, bool of the shape of `neighbours`."""
    images = np.arange(len(neighbours))[:, np.newaxis]
    # Column by column, so that no array of N * k * k numbers arises.
    return np.stack([(neighbours[column] == images).any(axis=1) for column in neighbours.T], axis=1)


def _expanded(
    core: NDArray[np.int32], near: NDArray[np.int32], reciprocal_near: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Add the half-size reciprocal set of each core member that lies to over 2/3 in the core."""
    candidates, belongs = near[core], reciprocal_near[core]
    shared = np.isin(candidates, core) & belongs
    accepted = 3 * shared.sum(axis=1) > 2 * belongs.sum(axis=1)
    return np.union1d(core, candidates[accepted][belongs[accepted]])

"""Which images the weights of a supernet learn from, and which ones its alphas."""

from typing import Literal

import numpy as np

from bireid_deploy.errors import TrainingError

_GROUP = 4
"""Images of a person that the official split moves as one."""


def halves(
    labels: np.ndarray, split: Literal["disjoint", "official"], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cut the images of every person in two.

    `disjoint` gives alpha every second one of a person's shuffled images, and no image to both;
    people with one image have none for alpha. `official` is the split of the paper's code: of n
    images alpha gets four, n mod 4 of which (4 if that is 0) are its own; the rest is copied from
    those that the weights learn from, as all images of people with four or fewer are.

    Args:
        labels: Class of each image, int64 (N,).
        split: Which of the two.
        seed: Of the shuffling.

    Returns:
        Rows for the weights, and rows for alpha; int64, ascending by person.

    Raises:
        TrainingError: Nobody has two images, so that alpha has nothing to learn from.
    """
    rng = np.random.default_rng([seed, len(labels)])
    cut = _cut_apart if split == "disjoint" else _cut_officially
    parts = [
        cut(rng.permutation(np.flatnonzero(labels == label)), rng) for label in np.unique(labels)
    ]
    weights, alphas = (np.concatenate(side) for side in zip(*parts, strict=True))
    if not len(alphas):
        raise TrainingError("nobody has two images: a search needs one for alpha too")
    return weights.astype(np.int64), alphas.astype(np.int64)


def _cut_apart(images: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return images[::2], images[1::2]


def _cut_officially(images: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    count = len(images)
    if count <= _GROUP:
        # With replacement below four.
        return images, images if count == _GROUP else rng.choice(images, _GROUP)
    own = count % _GROUP or _GROUP
    copied = rng.choice(images[own:], _GROUP - own, replace=False)
    return images[own:], np.concatenate([images[:own], copied])

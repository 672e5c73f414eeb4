"""Which images form a batch.

Each epoch depends on the seed and its number alone: a resumed training draws the batches that an
uninterrupted one would have drawn.
"""

import numpy as np

from bireid_deploy.errors import TrainingError


class IdentitySampler:
    """P x K sampling for triplet losses: P people per batch, K images of each.

    In each epoch the shuffled images of every person are cut into groups of K; a remainder is
    dropped, and a person with fewer than K images gets one group drawn with replacement. P people
    with groups left are drawn for each batch, until fewer than P people have any. The number of
    batches therefore varies a little from epoch to epoch.

    Args:
        labels: Class of each image, int64 (N,).
        identities_per_batch: P.
        images_per_identity: K.
        seed: Seed of all epochs, not negative.

    Raises:
        TrainingError: P or K is below 1, or there are fewer than P people.
    """

    def __init__(
        self, labels: np.ndarray, identities_per_batch: int, images_per_identity: int, seed: int
    ) -> None:
        if identities_per_batch < 1 or images_per_identity < 1:
            raise TrainingError(
                f"cannot sample {identities_per_batch} identities x {images_per_identity} images; "
                "both must be at least 1"
            )
        classes = np.unique(labels)
        if len(classes) < identities_per_batch:
            fewer = f"set batch.identities={len(classes)} or less, or " if len(classes) > 1 else ""
            raise TrainingError(
                f"{len(classes)} identities are too few for batches of {identities_per_batch}; "
                f"{fewer}add people"
            )
        self._images = [np.flatnonzero(labels == label) for label in classes]
        self._identities_per_batch = identities_per_batch
        self._images_per_identity = images_per_identity
        self._seed = seed

    def epoch(self, epoch: int) -> np.ndarray:
        """Returns the image indices of epoch `epoch` (from 0), int64 (batches, P * K).

        The K images of one person stand side by side in a row.
        """
        rng = np.random.default_rng([self._seed, epoch])
        groups = [self._groups(images, rng) for images in self._images]
        left = np.array([len(group) for group in groups])
        batches = []
        while np.count_nonzero(left) >= self._identities_per_batch:
            chosen = rng.choice(np.flatnonzero(left), self._identities_per_batch, replace=False)
            left[chosen] -= 1
            batches.append(np.concatenate([groups[person][left[person]] for person in chosen]))
        return np.stack(batches).astype(np.int64)

    def _groups(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        size = self._images_per_identity
        if len(images) < size:
            return rng.choice(images, (1, size))
        count = len(images) // size
        return rng.permutation(images)[: count * size].reshape(count, size)


class ShuffledSampler:
    """Plain shuffled batches, for training with cross-entropy alone.

    Args:
        count: Number of images.
        batch_size: Images per batch; the remainder of an epoch is dropped.
        seed: Seed of all epochs, not negative.

    Raises:
        TrainingError: The batch is empty or larger than the data set.
    """

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        if not 1 <= batch_size <= count:
            raise TrainingError(
                f"cannot draw batches of {batch_size} from {count} images; set batch.size={count} "
                "or less, or add images"
            )
        self._count = count
        self._batch_size = batch_size
        self._seed = seed

    def epoch(self, epoch: int) -> np.ndarray:
        """Returns the image indices of epoch `epoch` (from 0), int64 (batches, batch_size)."""
        order = np.random.default_rng([self._seed, epoch]).permutation(self._count)
        batches = self._count // self._batch_size
        return order[: batches * self._batch_size].reshape(batches, -1).astype(np.int64)

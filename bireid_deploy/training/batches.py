"""Augmented training batches, prepared one ahead of the step that uses them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from bireid_runtime.preprocess import Preprocess

from bireid_deploy.data.augmentation import Augmentation, augment, draw_mirrored
from bireid_deploy.errors import TrainingError


class Sampler(Protocol):
    """Chooses the rows of each batch; see `bireid_deploy.data.sampling`."""

    def epoch(self, epoch: int) -> Sequence[np.ndarray] | np.ndarray:
        """Row indices of each batch of an epoch, int64 (batch size,)."""


@dataclass(frozen=True)
class Batch:
    """One batch.

    Attributes:
        index: Position in its epoch, from 0.
        count: Batches in the epoch.
        images: float32 (N, H, W, 3), normalised.
        targets: What the task learns from.
        origins: Which row of the data each image was made of, and whether it was mirrored, int32
            (N, 2); None where an image is made of several or the task does not say.
    """

    index: int
    count: int
    images: np.ndarray
    targets: Any
    origins: np.ndarray | None = None


class Batches(ABC):
    """Batches that depend on the seed, the epoch and the index alone.

    So a resumed run sees what an uninterrupted one would have seen. A task derives from it.

    Args:
        sampler: Chooses the rows of each batch.
        seed: Seed of what `prepare` leaves to chance.
    """

    def __init__(self, sampler: Sampler, seed: int) -> None:
        self._sampler = sampler
        self._seed = seed

    @abstractmethod
    def prepare(self, chosen: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, Any]:
        """Make one batch.

        Args:
            chosen: Rows of the data set, int64 (N,).
            rng: Source of chance.

        Returns:
            Images float32 (N, H, W, C), normalised, and targets: an array, or several by name.
        """

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from index `first` on."""
        return self.deal(epoch, first, rank=0, count=1)

    def deal(self, epoch: int, first: int, rank: int, count: int) -> Iterator[Batch]:
        """The batches that one of several replicas takes: of every `count` the one of its `rank`.

        Args:
            epoch: Number of the epoch.
            first: Batches that the replica has had of it.
            rank: Which replica, 0 to `count` - 1.
            count: How many share the epoch; what is left over when it does not divide is dropped.

        Raises:
            TrainingError: The epoch has fewer batches than that; said at once, before the first.
        """
        rows = self._sampler.epoch(epoch)
        steps = len(rows) // count
        if steps == 0 and len(rows):
            raise TrainingError(
                f"an epoch has {len(rows)} batches, too few for {count} workers; lower batch.size "
                "(or batch.identities), or train with fewer workers"
            )
        return self._dealt(rows, epoch, range(first, steps), rank, count)

    def _dealt(
        self,
        rows: Sequence[np.ndarray] | np.ndarray,
        epoch: int,
        steps: range,
        rank: int,
        count: int,
    ) -> Iterator[Batch]:
        with ThreadPoolExecutor(1, thread_name_prefix="batches") as pool:

            def prepared(step: int) -> list[Future[Batch]]:
                if step >= steps.stop:
                    return []
                place = step * count + rank
                return [pool.submit(self._batch, rows, epoch, place, step, steps.stop)]

            pending = prepared(steps.start)
            for step in steps:
                batch = pending.pop().result()
                pending += prepared(step + 1)
                yield batch

    def _batch(
        self,
        rows: Sequence[np.ndarray] | np.ndarray,
        epoch: int,
        position: int,
        step: int,
        steps: int,
    ) -> Batch:
        generator = np.random.default_rng((self._seed, epoch, position))
        images, targets, origins = self.prepare_traced(rows[position], generator)
        return Batch(step, steps, images, targets, origins)

    def prepare_traced(
        self, chosen: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, Any, np.ndarray | None]:
        """What `prepare` makes, and the `origins` of the batch if they are known."""
        return *self.prepare(chosen, rng), None


class ImageBatches(Batches):
    """Batches of images, each with a target of its own.

    Args:
        pixels: uint8 (N, H, W, 3), at the network's input size.
        targets: (N, ...), what the task learns from each image; handed on as they are, so of a
            dtype that the task's step takes.
        sampler: Chooses the rows of each batch.
        augmentation: What to do to the pixels.
        preprocess: Normalisation.
        seed: Seed of the augmentation.
    """

    def __init__(
        self,
        pixels: np.ndarray,
        targets: np.ndarray,
        sampler: Sampler,
        augmentation: Augmentation,
        preprocess: Preprocess,
        seed: int,
    ) -> None:
        super().__init__(sampler, seed)
        self._pixels = pixels
        self._targets = targets
        self._augmentation = augmentation
        self._preprocess = preprocess

    def prepare(
        self, chosen: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Images float32 (N, H, W, 3), and their rows of the targets."""
        images, targets, _ = self.prepare_traced(chosen, rng)
        return images, targets

    def prepare_traced(
        self, chosen: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As `prepare`, and where each image comes from."""
        mirrored = draw_mirrored(len(chosen), self._augmentation, rng)
        images = augment(self._pixels[chosen], self._preprocess, self._augmentation, rng, mirrored)
        return images, self._targets[chosen], np.stack([chosen, mirrored], axis=1).astype(np.int32)

"""The training split of clouds in memory, and its batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime.clouds import AXES, CloudPreprocess, prepare_cloud
from bireid_runtime.errors import CloudError

from bireid_deploy.data.clouds.dataset import CloudDataset, clouds_of
from bireid_deploy.errors import DatasetError
from bireid_deploy.tasks.points.section import PointsSection
from bireid_deploy.training.batches import Batches, Sampler


@dataclass(frozen=True)
class CloudData:
    """The training split.

    Attributes:
        clouds: float32 (N, points, 1, 3), as the network takes them.
        labels: int64 (N,), classes in 0..K-1.
        description: What the record says about the data, JSON-serialisable.
        skipped: Clouds that have impossible points, by file and number, with the reason.
    """

    clouds: np.ndarray
    labels: np.ndarray
    description: dict[str, Any]
    skipped: tuple[tuple[Path, str], ...]


def load_cloud_data(
    dataset: CloudDataset,
    spec: CloudPreprocess,
    on_progress: Callable[[int, int], None] | None = None,
) -> CloudData:
    """Read and prepare the training clouds; those with impossible points are left out and listed.

    Raises:
        DatasetError: A file cannot be read, or a class has no cloud left.
    """
    total = sum(len(each.labels) for each in dataset.train)
    prepared = np.empty((total, *spec.shape), np.float32)
    labels: list[int] = []
    skipped: list[tuple[Path, str]] = []
    done = 0
    for file in dataset.train:
        for number, (cloud, label) in enumerate(zip(clouds_of(file), file.labels, strict=True)):
            try:
                prepared[len(labels)] = prepare_cloud(cloud, spec)
            except CloudError as error:
                skipped.append((file.path, f"cloud {number}: {error}"))
            else:
                labels.append(int(label))
            done += 1
            if on_progress is not None:
                on_progress(done, total)
    for label, name in enumerate(dataset.classes):
        if label not in labels:
            raise DatasetError(f"{dataset.root}: no training cloud of {name!r} can be used")
    description = {
        "name": dataset.name,
        "classes": list(dataset.classes),
        "clouds": len(labels),
        "skipped": len(skipped),
        "remarks": list(dataset.remarks),
    }
    return CloudData(
        prepared[: len(labels)], np.array(labels, np.int64), description, tuple(skipped)
    )


class CloudBatches(Batches):
    """Clouds, turned about their up axis and jittered, with their labels int32 (N,).

    Args:
        data: The training split.
        sampler: Chooses the clouds of each batch.
        options: What to do to them.
        seed: Seed of that.
    """

    def __init__(
        self, data: CloudData, sampler: Sampler, options: PointsSection, seed: int
    ) -> None:
        super().__init__(sampler, seed)
        self._data = data
        self._options = options
        self._labels = data.labels.astype(np.int32)

    def prepare(
        self, chosen: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Clouds float32 (N, points, 1, 3), and their labels."""
        clouds, options = self._data.clouds[chosen], self._options
        if options.rotate:
            clouds = turned(clouds, options.up_axis, rng.uniform(0, 2 * np.pi, len(chosen)))
        if options.jitter:
            noise = rng.normal(0, options.jitter, clouds.shape)
            limit = options.jitter_limit
            clouds = clouds + np.clip(noise, -limit, limit).astype(np.float32)
        return clouds, self._labels[chosen]


def turned(clouds: np.ndarray, up_axis: str, angles: Sequence[float] | np.ndarray) -> np.ndarray:
    """Turn each cloud about an axis.

    Args:
        clouds: float32 (N, ..., 3).
        up_axis: `x`, `y` or `z`.
        angles: Radians, (N,).

    Returns:
        float32 of the same shape.
    """
    first, second = (axis for axis in range(AXES) if axis != "xyz".index(up_axis))
    rotations = np.tile(np.eye(AXES), (len(clouds), 1, 1))
    cosine, sine = np.cos(angles), np.sin(angles)
    rotations[:, first, first] = rotations[:, second, second] = cosine
    rotations[:, first, second], rotations[:, second, first] = -sine, sine
    return np.einsum("n...i,nji->n...j", clouds, rotations).astype(np.float32)

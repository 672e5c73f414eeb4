"""The training split of a data set, decoded and resized once."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bireid_deploy.data.dataset import ReIdDataset, class_labels
from bireid_deploy.data.images import load_images


@dataclass(frozen=True)
class TrainingData:
    """The training split in memory.

    Attributes:
        pixels: uint8 (N, H, W, 3), at the network's input size.
        labels: int64 (N,), identities in 0..K-1.
        description: What the record says about the data, JSON-serialisable.
        skipped: Files that could not be decoded, with the reason.
    """

    pixels: np.ndarray
    labels: np.ndarray
    description: dict[str, Any]
    skipped: tuple[tuple[Path, str], ...] = ()


def load_training_data(
    dataset: ReIdDataset,
    height: int,
    width: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> TrainingData:
    """Decode and resize the training images; broken ones are skipped and listed.

    Args:
        dataset: Data set with a training split.
        height: Rows of the network's input.
        width: Columns of the network's input.
        on_progress: Called with (done, total).
    """
    loaded = load_images(dataset.train, height, width, on_corrupt="skip", on_progress=on_progress)
    # After skipping, so that a person whose images are all broken leaves no empty class.
    labels = class_labels(loaded.samples)
    return TrainingData(
        pixels=loaded.pixels,
        labels=labels,
        description={
            "name": dataset.name,
            "identities": int(labels.max()) + 1,
            "images": len(labels),
            "skipped": len(loaded.skipped),
        },
        skipped=loaded.skipped,
    )

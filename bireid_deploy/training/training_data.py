"""The training split of a data set, decoded and resized once."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime.errors import ImageError
from bireid_runtime.preprocess import resize_bilinear

from bireid_deploy.data.classification import ClassificationDataset, read_image
from bireid_deploy.data.dataset import ReIdDataset, class_labels
from bireid_deploy.data.images import load_images
from bireid_deploy.errors import DatasetError


@dataclass(frozen=True)
class TrainingData:
    """The training split in memory.

    Attributes:
        pixels: uint8 (N, H, W, 3), at the network's input size.
        labels: int64 (N,), identities or classes in 0..K-1.
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


def load_classification_data(
    dataset: ClassificationDataset,
    height: int,
    width: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> TrainingData:
    """Decode and resize the training images of a classification data set.

    Broken images are skipped and listed.

    Args:
        dataset: Data set.
        height: Rows of the network's input.
        width: Columns of the network's input.
        on_progress: Called with (done, total).

    Raises:
        DatasetError: A class has no image that can be decoded.
    """
    images = dataset.train
    pixels = np.empty((len(images), height, width, 3), np.uint8)
    labels: list[int] = []
    skipped: list[tuple[Path, str]] = []
    for done, image in enumerate(images, start=1):
        try:
            pixels[len(labels)] = resize_bilinear(read_image(image), height, width)
        except ImageError as error:
            skipped.append((image.path, str(error)))
        else:
            labels.append(image.label)
        if on_progress is not None:
            on_progress(done, len(images))
    readable = set(labels)
    for label, name in enumerate(dataset.classes):
        if label not in readable:
            raise DatasetError(
                f"{dataset.root}: none of the training images of class {name!r} can be decoded; "
                "restore them or remove the class"
            )
    return TrainingData(
        pixels=pixels[: len(labels)],
        labels=np.array(labels, np.int64),
        description={
            "name": dataset.name,
            "classes": list(dataset.classes),
            "images": len(labels),
            "skipped": len(skipped),
        },
        skipped=tuple(skipped),
    )

"""The training split of a detector in memory, and its batches."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime.errors import ImageError
from bireid_runtime.images import load_image
from bireid_runtime.letterbox import content_size, fit_image
from bireid_runtime.preprocess import Preprocess, normalize

from bireid_deploy.data.annotated import AnnotatedDataset, AnnotatedImage
from bireid_deploy.errors import DatasetError
from bireid_deploy.tasks.detection.augmentation import BoxAugmentation, augment
from bireid_deploy.training.batches import Batches, Sampler

NOTHING = -1
"""Label of a row that holds no box."""

IGNORED = -2
"""Label of a box that is neither right nor wrong."""


@dataclass(frozen=True)
class DetectionData:
    """The training split.

    Attributes:
        pixels: uint8 (N, H, W, 3), at the network's input size.
        corners: Per image float64 (M, 4), in pixels of the input.
        labels: Per image int64 (M,), a class or `IGNORED`.
        description: What the record says about the data, JSON-serialisable.
        skipped: Files that could not be decoded, with the reason.
    """

    pixels: np.ndarray
    corners: tuple[np.ndarray, ...]
    labels: tuple[np.ndarray, ...]
    description: dict[str, Any]
    skipped: tuple[tuple[Path, str], ...]

    @property
    def most_boxes(self) -> int:
        """In one image, at least 1."""
        return max(1, *(len(labels) for labels in self.labels))


def read_annotated(image: AnnotatedImage) -> np.ndarray:
    """Decode an image, uint8 RGB (H, W, 3).

    Raises:
        ImageError: It cannot be decoded, or has another size than its annotation says.
    """
    pixels = load_image(image.path)
    if pixels.shape[:2] != (image.height, image.width):
        found = f"{pixels.shape[1]}x{pixels.shape[0]}"
        raise ImageError(
            f"{image.path}: has {found} pixels, its annotation says {image.width}x{image.height}"
        )
    return pixels


def load_detection_data(
    dataset: AnnotatedDataset,
    spec: Preprocess,
    on_progress: Callable[[int, int], None] | None = None,
) -> DetectionData:
    """Decode the training images and bring them, and their boxes, to the network's input.

    Raises:
        DatasetError: No image is left.
    """
    target = (spec.height, spec.width)
    pixels = np.empty((len(dataset.train), *target, 3), np.uint8)
    corners: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    skipped: list[tuple[Path, str]] = []
    for done, image in enumerate(dataset.train, start=1):
        try:
            pixels[len(corners)] = fit_image(
                read_annotated(image), spec.fit, target, spec.resize, spec.antialias
            )
        except ImageError as error:
            skipped.append((image.path, str(error)))
        else:
            rows, columns = content_size(spec.fit, (image.height, image.width), target)
            scale = np.array([columns / image.width, rows / image.height] * 2)
            corners.append(image.corners * scale)
            labels.append(np.where(image.ignored, IGNORED, image.labels))
        if on_progress is not None:
            on_progress(done, len(dataset.train))
    if not corners:
        raise DatasetError(f"none of {len(dataset.train)} images can be used: {skipped[0][1]}")
    description = {
        "name": dataset.name,
        "classes": list(dataset.classes),
        "images": len(corners),
        "boxes": int(sum((each >= 0).sum() for each in labels)),
        "skipped": len(skipped),
        "remarks": list(dataset.remarks),
    }
    return DetectionData(
        pixels[: len(corners)], tuple(corners), tuple(labels), description, tuple(skipped)
    )


class DetectionBatches(Batches):
    """Augmented images with their boxes.

    The targets of a batch are `corners` float32 (N, M, 4) in pixels of the input and `labels` int32
    (N, M): a class, `IGNORED`, or `NOTHING` in rows that are left over; M is the most boxes of an
    image of the data set.

    Args:
        data: The training split.
        sampler: Chooses the images of each batch.
        augmentation: What to do to them.
        preprocess: Normalisation.
        seed: Seed of the augmentation.
    """

    def __init__(
        self,
        data: DetectionData,
        sampler: Sampler,
        augmentation: BoxAugmentation,
        preprocess: Preprocess,
        seed: int,
    ) -> None:
        super().__init__(sampler, seed)
        self._data = data
        self._augmentation = augmentation
        self._preprocess = preprocess

    def prepare(
        self, chosen: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Images float32 (N, H, W, 3), normalised, and their targets."""
        data, most = self._data, self._data.most_boxes
        corners = np.zeros((len(chosen), most, 4), np.float32)
        labels = np.full((len(chosen), most), NOTHING, np.int32)
        images = []
        for row, index in enumerate(chosen):
            pixels, boxes, teaches = augment(
                data.pixels[index], data.corners[index], self._augmentation, rng
            )
            images.append(pixels)
            corners[row, : len(boxes)] = boxes
            labels[row, : len(boxes)] = np.where(teaches, data.labels[index], IGNORED)
        return normalize(np.stack(images), self._preprocess), {"corners": corners, "labels": labels}

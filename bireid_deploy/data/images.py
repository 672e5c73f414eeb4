"""Decoding and resizing the images of a split into one array."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from bireid_runtime.errors import ImageError
from bireid_runtime.images import load_image
from bireid_runtime.preprocess import resize_bilinear

from bireid_deploy.data.dataset import Sample
from bireid_deploy.errors import DatasetError


@dataclass(frozen=True)
class LoadedImages:
    """Images in memory, with the samples they belong to.

    Attributes:
        pixels: RGB, uint8 (N, height, width, 3).
        samples: The N samples, in the order given.
        skipped: File and reason of every image that could not be decoded.
    """

    pixels: np.ndarray
    samples: tuple[Sample, ...]
    skipped: tuple[tuple[Path, str], ...]


def load_images(
    samples: Sequence[Sample],
    spec_height: int,
    spec_width: int,
    *,
    on_corrupt: Literal["skip", "error"] = "skip",
    on_progress: Callable[[int, int], None] | None = None,
) -> LoadedImages:
    """Decodes and resizes images.

    Args:
        samples: Which images.
        spec_height: Rows of the network's input.
        spec_width: Columns of the network's input.
        on_corrupt: Training may `skip` a broken image; evaluation must treat it as an `error`, for
            a number without it would be of another data set.
        on_progress: Called with (images done, images in all) after each image.

    Raises:
        DatasetError: An image is broken and `on_corrupt` is `error`, or no image is left.
    """
    pixels = np.empty((len(samples), spec_height, spec_width, 3), np.uint8)
    kept: list[Sample] = []
    skipped: list[tuple[Path, str]] = []
    for done, sample in enumerate(samples, start=1):
        try:
            pixels[len(kept)] = resize_bilinear(load_image(sample.path), spec_height, spec_width)
        except ImageError as error:
            if on_corrupt == "error":
                raise DatasetError(
                    f"broken image {sample.path}: {error}; restore or remove it"
                ) from error
            skipped.append((sample.path, str(error)))
        else:
            kept.append(sample)
        if on_progress is not None:
            on_progress(done, len(samples))
    if not kept:
        raise DatasetError(
            f"none of {len(samples)} images could be decoded"
            + (f"; the first: {skipped[0][0]}: {skipped[0][1]}" if skipped else "")
        )
    return LoadedImages(pixels[: len(kept)], tuple(kept), tuple(skipped))

"""Decoding and resizing training images into one array."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bireid_runtime.errors import ImageError
from bireid_runtime.resize import resize_bilinear

from bireid_deploy.errors import DatasetError


@dataclass(frozen=True)
class DecodedImages:
    """Images in memory.

    Attributes:
        pixels: RGB, uint8 (N, height, width, 3).
        positions: Which of the given images those N are, in their order.
        skipped: File and reason of every image that could not be decoded.
    """

    pixels: np.ndarray
    positions: tuple[int, ...]
    skipped: tuple[tuple[Path, str], ...]


def decode_images(
    images: Sequence[tuple[Path, Callable[[], np.ndarray]]],
    height: int,
    width: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> DecodedImages:
    """Decode and resize images; broken ones are skipped and listed.

    That is for training alone: an evaluation without a broken image would be of another data set.

    Args:
        images: Path of each, for the list, and what decodes it to uint8 RGB (H, W, 3).
        height: Rows of the network's input.
        width: Columns of the network's input.
        on_progress: Called with (images done, images in all) after each image.

    Raises:
        DatasetError: No image is left.
    """
    pixels = np.empty((len(images), height, width, 3), np.uint8)
    kept: list[int] = []
    skipped: list[tuple[Path, str]] = []
    for position, (path, decode) in enumerate(images):
        try:
            pixels[len(kept)] = resize_bilinear(decode(), height, width)
        except ImageError as error:
            skipped.append((path, str(error)))
        else:
            kept.append(position)
        if on_progress is not None:
            on_progress(position + 1, len(images))
    if not kept:
        raise DatasetError(
            f"none of {len(images)} images could be decoded"
            + (f"; the first: {skipped[0][0]}: {skipped[0][1]}" if skipped else "")
        )
    return DecodedImages(pixels[: len(kept)], tuple(kept), tuple(skipped))

"""Images as callers give them: arrays or paths, one after the other, in batches."""

import os
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from bireid_runtime.errors import ArgumentError, ImageError
from bireid_runtime.images import load_image
from bireid_runtime.inputs import InputSpec

Crop = np.ndarray | str | os.PathLike[str]


def numbered_batches(
    images: Iterable[Crop], spec: InputSpec, batch_size: int
) -> Iterator[tuple[int, list[np.ndarray]]]:
    """Load and check images, one batch at a time.

    Args:
        images: uint8 arrays `(H, W, C)` of any sizes, or paths of image files; may be endless.
        spec: The input that they are for.
        batch_size: Images of a batch, at least 1.

    Yields:
        The number of the first image of the batch, and the images.

    Raises:
        ImageError: An image cannot be read or has an impossible shape; it is named.
        ArgumentError: `batch_size` is below 1.
    """
    if batch_size < 1:
        raise ArgumentError(f"batch_size is {batch_size}; it must be at least 1")
    single = isinstance(images, np.ndarray) and images.ndim == 3
    if single or isinstance(images, str | os.PathLike):
        raise ImageError("expected a sequence of images; put a single one into a list")
    numbered = enumerate(images)
    while batch := list(islice(numbered, batch_size)):
        yield batch[0][0], [_loaded(index, image, spec) for index, image in batch]


def _loaded(index: int, image: Crop, spec: InputSpec) -> np.ndarray:
    if isinstance(image, str | os.PathLike):
        if spec.shape[-1] != 3:
            raise ImageError(
                f"image {index}: files are read in colour and the network takes "
                f"{spec.shape[-1]} channels; pass arrays"
            )
        image = load_image(image)
    try:
        spec.check(image)
    except ImageError as error:
        raise ImageError(f"image {index}: {error}") from error
    return image

"""What is kept of a picture, if anything is: a small JPEG."""

import io

import numpy as np

# As large as crops are looked at.
SIZE = (128, 256)
_QUALITY = 85


def small_jpeg(pixels: np.ndarray) -> bytes:
    """uint8 RGB (H, W, 3) of any size as a JPEG of at most 128 x 256, without what else was in it.

    A crop that is smaller keeps its size. Whatever a file said beside its pixels (where, when and
    with what it was taken) is not kept.
    """
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail(SIZE)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()

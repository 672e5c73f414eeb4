"""How an image of any size is brought to the size of the network's input."""

import numpy as np

from bireid_runtime.resize import resize_image

STRETCH = "stretch"
LETTERBOX = "letterbox"
FITS = (STRETCH, LETTERBOX)
"""`stretch` gives up the aspect ratio; `letterbox` keeps it and leaves grey at one side."""

GREY = 114
"""What a letterbox is filled with, in every channel."""


def content_size(fit: str, image: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns that an image takes of the network's input, from its top left corner.

    Args:
        fit: One of `FITS`.
        image: Its (height, width).
        target: (height, width) of the network's input.

    Returns:
        (height, width), at least 1 each. In whole numbers, so that C++ finds the same.
    """
    if fit == STRETCH:
        return target
    (height, width), (rows, columns) = image, target
    if columns * height <= rows * width:
        return max(1, (2 * height * columns + width) // (2 * width)), columns
    return rows, max(1, (2 * width * rows + height) // (2 * height))


def fit_image(
    image: np.ndarray, fit: str, target: tuple[int, int], kernel: str, antialias: bool = True
) -> np.ndarray:
    """Bring an image to the size of the network's input.

    Args:
        image: uint8 `(H, W, C)` of any size.
        fit: One of `FITS`.
        target: (height, width) of the network's input.
        kernel: Key of `bireid_runtime.resize.RESIZE_KERNELS`.
        antialias: Whether the kernel widens when shrinking.

    Returns:
        uint8 `(*target, C)`.

    Raises:
        ImageError: `image` has another dtype or shape, or no pixels.
    """
    rows, columns = content_size(fit, (image.shape[0], image.shape[1]), target)
    resized = resize_image(image, rows, columns, kernel, antialias)
    if (rows, columns) == target:
        return resized
    canvas = np.full((*target, image.shape[2]), GREY, np.uint8)
    canvas[:rows, :columns] = resized
    return canvas

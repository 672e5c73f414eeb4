"""Pictures as cameras give them, to RGB: BGR, and luma with half as much chroma (NV12).

`bireid_embed_pictures` of the C API computes the same, bit for bit.
"""

import numpy as np

from bireid_runtime.errors import ImageError
from bireid_runtime.resize import require_image


def bgr_to_rgb(image: np.ndarray) -> np.ndarray:
    """Turn the channels of an image over.

    Args:
        image: uint8 `(H, W, 3)`, blue first, as OpenCV reads it.

    Returns:
        uint8 `(H, W, 3)`, red first; a copy.

    Raises:
        ImageError: Another dtype or shape, or no pixels.
    """
    return np.ascontiguousarray(require_image(image, 3)[..., ::-1])


def nv12_to_rgb(luma: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """Convert an NV12 picture by BT.601 of limited range, in whole numbers.

    With `c = 298 * (y - 16) + 128`, `d = u - 128` and `e = v - 128`, where the four pixels of a
    2x2 square share one pair of u and v, red is `(c + 409 * e) >> 8`, green
    `(c - 100 * d - 208 * e) >> 8` and blue `(c + 516 * d) >> 8`, each held to 0 to 255; `>>` rounds
    down.

    Args:
        luma: uint8 `(H, W)`.
        chroma: uint8 `((H + 1) // 2, (W + 1) // 2, 2)`, U before V.

    Returns:
        uint8 RGB `(H, W, 3)`.

    Raises:
        ImageError: Another dtype or shape, or no pixels.
    """
    if luma.ndim != 2 or luma.dtype != np.uint8 or not luma.size:
        raise ImageError(f"expected luma uint8 (H, W), got {luma.dtype} {luma.shape}")
    height, width = luma.shape
    expected = ((height + 1) // 2, (width + 1) // 2, 2)
    if chroma.dtype != np.uint8 or chroma.shape != expected:
        raise ImageError(f"expected chroma uint8 {expected}, got {chroma.dtype} {chroma.shape}")
    pairs = chroma.repeat(2, axis=0)[:height].repeat(2, axis=1)[:, :width].astype(np.int32) - 128
    c = 298 * (luma.astype(np.int32) - 16) + 128
    d, e = pairs[..., 0], pairs[..., 1]
    rgb = np.stack([c + 409 * e, c - 100 * d - 208 * e, c + 516 * d], axis=-1) >> 8
    return rgb.clip(0, 255).astype(np.uint8)

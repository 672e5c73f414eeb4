"""Pillow's antialiased bilinear and bicubic resize in NumPy, bit for bit; and a plain bilinear one.

Each axis is one pass: a filter that widens by the reduction factor when shrinking, with weights in
fixed point (22 fractional bits) and a result rounded to uint8. Pillow 13 is followed in the order
of the two passes as well. Older versions always ran the horizontal pass first, which can differ by
one grey level; what this module computes does not depend on the Pillow installed.

Without antialiasing the filter never widens: it takes the four nearest pixels, with the geometry
of OpenCV's `INTER_LINEAR` and of PyTorch's `interpolate(align_corners=False)`. As each pass rounds,
the result is up to one grey level from theirs.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from bireid_runtime.errors import ArgumentError, ImageError

MAX_CHANNELS = 64

_FRACTION_BITS = 22
# Of Keys' family (1981), the one that Pillow takes.
_CUBIC_A = -0.5


def require_image(images: object, channels: int | None = None) -> np.ndarray:
    """Check that an array holds images of 8 bits.

    Args:
        images: Anything; accepted is uint8 `(..., H, W, C)` with H and W at least 1 and C 1 to 64.
        channels: C, if it must be a certain one; 3 are red, green and blue.

    Returns:
        The array.

    Raises:
        ImageError: It is something else; the message says what.
    """
    shape = f"(H, W, {'C' if channels is None else channels})"
    if not isinstance(images, np.ndarray):
        raise ImageError(f"expected a uint8 array {shape}, got {type(images).__name__}")
    fits = images.ndim >= 3 and (
        images.shape[-1] == channels if channels is not None else images.shape[-1] <= MAX_CHANNELS
    )
    if images.dtype != np.uint8 or not fits:
        order = " in RGB order" if channels == 3 else ""
        raise ImageError(
            f"expected a uint8 array {shape}{order}, got {images.dtype} {images.shape}"
        )
    if 0 in images.shape[-3:]:
        raise ImageError(f"an image of shape {images.shape[-3:]} has no pixels")
    return images


def _triangle(distance: np.ndarray) -> np.ndarray:
    return np.where(distance < 1.0, 1.0 - distance, 0.0)


def _cubic(distance: np.ndarray) -> np.ndarray:
    # Pillow's order of operations.
    near = ((_CUBIC_A + 2.0) * distance - (_CUBIC_A + 3.0)) * distance * distance + 1
    far = (((distance - 5) * distance + 8) * distance - 4) * _CUBIC_A
    return np.where(distance < 1.0, near, np.where(distance < 2.0, far, 0.0))


# By name: how far the kernel reaches, in pixels of the smaller image, and its weight by distance.
RESIZE_KERNELS: dict[str, tuple[float, Callable[[np.ndarray], np.ndarray]]] = {
    "bilinear": (1.0, _triangle),
    "bicubic": (2.0, _cubic),
}
# What may be left without antialiasing: OpenCV's other kernels are not Pillow's.
PLAIN_KERNELS = ("bilinear",)


def resize_bilinear(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """`resize_image` with the kernel `bilinear`."""
    return resize_image(images, height, width, "bilinear")


def resize_image(
    images: np.ndarray, height: int, width: int, kernel: str, antialias: bool = True
) -> np.ndarray:
    """Resize as Pillow's `Image.resize((width, height), Image.Resampling.BILINEAR)` does.

    Args:
        images: uint8 `(..., H, W, C)`, H and W at least 1, C 1 to 64.
        height: Height of the result in pixels, at least 1.
        width: Width of the result in pixels, at least 1.
        kernel: Key of `RESIZE_KERNELS`, for `BILINEAR` or `BICUBIC`.
        antialias: Whether the kernel widens when shrinking, as Pillow's does.

    Returns:
        uint8 `(..., height, width, C)`. An image that has this size already is returned as it is,
        not copied.

    Raises:
        ImageError: `images` has another dtype or shape, or no pixels.
        ArgumentError: `height` or `width` is below 1.
    """
    require_image(images)
    if height < 1 or width < 1:
        raise ArgumentError(f"cannot resize to {height}x{width}: both must be at least 1")
    rows_saved = images.shape[-3] - height
    columns_saved = images.shape[-2] - width
    # The rule of Pillow 13: rows first when that shrinks the image clearly more.
    if rows_saved > 0 and rows_saved > 2 * columns_saved:
        passes = ((-3, height), (-2, width))
    else:
        passes = ((-2, width), (-3, height))
    for axis, size in passes:
        images = _resample(images, axis, size, kernel, antialias)
    return np.ascontiguousarray(images)


def _resample(images: np.ndarray, axis: int, size: int, kernel: str, antialias: bool) -> np.ndarray:
    """Resize one axis of a uint8 array to `size`."""
    if images.shape[axis] == size:
        return images
    starts, weights = _filter(images.shape[axis], size, kernel, antialias)
    lines = np.moveaxis(images, axis, 0)
    flat = lines.reshape(len(lines), -1)
    total = np.full((size, flat.shape[1]), 1 << (_FRACTION_BITS - 1), np.int32)
    for tap in range(weights.shape[1]):
        # Past the last line the weight is 0; the index only has to be valid.
        taken = flat[np.minimum(starts + tap, len(flat) - 1)]
        total += np.multiply(taken, weights[:, tap, None], dtype=np.int32)
    total >>= _FRACTION_BITS
    # Over thousands of taps, weights rounded up may add up to more than 1; cubic ones overshoot.
    np.clip(total, 0, 255, out=total)
    resampled = total.astype(np.uint8).reshape(size, *lines.shape[1:])
    return np.moveaxis(resampled, 0, axis)


@lru_cache(maxsize=64)
def _filter(
    source: int, target: int, kernel: str, antialias: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first tap (target,) and the int32 fixed-point weights (target, taps)."""
    scale = source / target
    reach, weigh = RESIZE_KERNELS[kernel]
    widened = max(scale, 1.0) if antialias else 1.0
    support = reach * widened
    centers = (np.arange(target) + 0.5) * scale
    starts = np.maximum((centers - support + 0.5).astype(np.int64), 0)
    stops = np.minimum((centers + support + 0.5).astype(np.int64), source)
    taps = np.arange((stops - starts).max())
    distances = np.abs((taps + starts[:, None] - centers[:, None] + 0.5) * (1.0 / widened))
    weights = np.where(taps < (stops - starts)[:, None], weigh(distances), 0.0)
    # cumsum adds from left to right as Pillow does; sum() adds pairwise and rounds otherwise.
    weights /= np.cumsum(weights, axis=1)[:, -1:]
    # Halves away from zero.
    fixed = np.trunc(weights * (1 << _FRACTION_BITS) + np.copysign(0.5, weights)).astype(np.int32)
    starts.flags.writeable = fixed.flags.writeable = False
    return starts, fixed

"""Square crops around a target, which may reach beyond the frame."""

from math import floor

import numpy as np

MAX_CROP_SIDE = 8192
"""Pixels of a frame."""


def mean_color(frame: np.ndarray) -> np.ndarray:
    """The mean of every channel, rounded, halves up: uint8 (C,) of uint8 (H, W, C)."""
    pixels = frame.shape[0] * frame.shape[1]
    sums = frame.reshape(pixels, -1).sum(axis=0, dtype=np.int64)
    mean: np.ndarray = ((2 * sums + pixels) // (2 * pixels)).astype(np.uint8)
    return mean


def cut_square(
    frame: np.ndarray, center: tuple[float, float], side: float, fill: np.ndarray
) -> np.ndarray:
    """Cut out a square whose corners are rounded to pixels, halves up.

    Args:
        frame: uint8 (H, W, C).
        center: Its x and y; 0 is the middle of the first pixel.
        side: Its side in pixels, up to `MAX_CROP_SIDE`; at least one pixel is cut.
        fill: uint8 (C,), what lies beyond the frame.

    Returns:
        uint8 (n, n, C), n being the rounded side.
    """
    height, width, channels = frame.shape
    count = max(1, floor(side + 0.5))
    left, top = (floor(each - (count - 1) / 2 + 0.5) for each in center)
    crop = np.empty((count, count, channels), np.uint8)
    crop[...] = fill
    rows = slice(max(0, top), max(0, min(height, top + count)))
    columns = slice(max(0, left), max(0, min(width, left + count)))
    if rows.start < rows.stop and columns.start < columns.stop:
        crop[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = (
            frame[rows, columns]
        )
    return crop

"""Colour histograms of horizontal stripes: the floor that a learned embedding must clear."""

from collections.abc import Sequence

import numpy as np
from bireid_runtime.errors import ImageError
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.resize import resize_bilinear
from numpy.typing import NDArray

_STRIPES = 6
_HUE_BINS, _SATURATION_BINS, _VALUE_BINS = 8, 4, 4
_BINS = _HUE_BINS * _SATURATION_BINS * _VALUE_BINS
_CHUNK = 64
_CROP_SIZE = (128, 64)

HISTOGRAM_SIZE = _STRIPES * _BINS


def histogram_embeddings(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Embed images by the joint HSV histogram of six horizontal stripes.

    Each stripe gives 8 x 4 x 4 shares of hue, saturation and value. Their square roots make the
    inner product of two embeddings the mean Bhattacharyya coefficient of the stripes, so the
    Euclidean distance is a Hellinger distance.

    Args:
        images: RGB, uint8 `(N, H, W, 3)` with H of at least 6.

    Returns:
        Rows of unit length, float32 `(N, HISTOGRAM_SIZE)`.

    Raises:
        ImageError: The array has another dtype or shape.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
        raise ImageError(f"images must be uint8 (N, H, W, 3), not {images.dtype} {images.shape}")
    height, width = images.shape[1:3]
    if height < _STRIPES or width == 0:
        raise ImageError(
            f"images are {height} x {width} pixels; {_STRIPES} stripes need a height of at least "
            f"{_STRIPES}"
        )
    embeddings = np.empty((len(images), HISTOGRAM_SIZE), np.float32)
    for start in range(0, len(images), _CHUNK):
        embeddings[start : start + _CHUNK] = _embed(images[start : start + _CHUNK])
    return embeddings


class HistogramBaseline:
    """The histogram in the shape of a network: crops of any size in, embeddings out."""

    engine = "colour histogram"
    fingerprint = ""
    outputs = (OutputSpec.embedding("embedding", HISTOGRAM_SIZE),)

    def run_images(self, images: Sequence[NDArray[np.uint8]]) -> dict[str, NDArray[np.float32]]:
        """Map uint8 RGB crops (H, W, 3) to `embedding` (N, HISTOGRAM_SIZE) at 128x64 pixels."""
        resized = [resize_bilinear(image, *_CROP_SIZE) for image in images]
        return {"embedding": histogram_embeddings(np.stack(resized))}


def _embed(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    count, height, width = images.shape[:3]
    stripe = np.arange(height) * _STRIPES // height
    image = np.arange(count)[:, np.newaxis, np.newaxis]
    cell = (image * _STRIPES + stripe[:, np.newaxis]) * _BINS + _colour_bins(images)
    counts = np.bincount(cell.ravel(), minlength=count * HISTOGRAM_SIZE)
    pixels = np.bincount(stripe) * width
    shares = counts.reshape(count, _STRIPES, _BINS) / pixels[:, np.newaxis]
    # Each stripe's shares sum to 1, so dividing by the number of stripes gives unit length.
    return np.sqrt(shares / _STRIPES).reshape(count, HISTOGRAM_SIZE)


def _colour_bins(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Bin of each pixel's hue, saturation and value, `(N, H, W)`, in the range 0 to 127."""
    red, green, blue = np.moveaxis(images.astype(np.float32), -1, 0)
    value = np.maximum(np.maximum(red, green), blue)
    chroma = value - np.minimum(np.minimum(red, green), blue)
    divisor = np.where(chroma > 0, chroma, 1)
    # Hue in sextants: red at 0, green at 2, blue at 4; greys count as red.
    sextant = np.select(
        [chroma == 0, value == red, value == green],
        [0, (green - blue) / divisor % 6, (blue - red) / divisor + 2],
        (red - green) / divisor + 4,
    )
    saturation = chroma / np.where(value > 0, value, 1)
    hue_bin = _bin(sextant / 6, _HUE_BINS)
    saturation_bin = _bin(saturation, _SATURATION_BINS)
    value_bin = _bin(value / 255, _VALUE_BINS)
    return (hue_bin * _SATURATION_BINS + saturation_bin) * _VALUE_BINS + value_bin


def _bin(share: NDArray[np.float32], bins: int) -> NDArray[np.int64]:
    return np.minimum((share * bins).astype(np.int64), bins - 1)

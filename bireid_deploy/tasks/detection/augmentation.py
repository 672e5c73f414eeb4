"""Random flips, zooms, shifts and colours of images with boxes."""

from dataclasses import dataclass

import numpy as np
from bireid_runtime.letterbox import GREY
from PIL import Image

# A box of which less is left does not teach: nobody could tell what it holds.
_VISIBLE = 0.3
# Pixels.
_SMALLEST = 2.0


@dataclass(frozen=True)
class BoxAugmentation:
    """What is done to an image.

    Attributes:
        flip: Probability of mirroring left and right.
        scale: Smallest and largest zoom.
        shift: Largest shift, as a share of the sides.
        color: Largest change of brightness, contrast and saturation, as a share.
    """

    flip: float
    scale: tuple[float, float]
    shift: float
    color: float


def augment(
    pixels: np.ndarray,
    corners: np.ndarray,
    augmentation: BoxAugmentation,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Change one image and its boxes.

    Args:
        pixels: uint8 RGB (H, W, 3).
        corners: float64 (N, 4): left, top, right, bottom.
        augmentation: What to do.
        rng: Source of chance; as many numbers are drawn whatever the image holds.

    Returns:
        Pixels of the same size, the boxes inside it, and bool (N,), which of them show enough to
        teach. A box that has left the image has no area.
    """
    height, width = pixels.shape[:2]
    flip, zoom, *rest = rng.random(7)
    low, high = augmentation.scale
    scale = low + (high - low) * zoom
    shift = augmentation.shift * (2 * np.array(rest[:2]) - 1) * (width, height)
    factors = 1 + augmentation.color * (2 * np.array(rest[2:]) - 1)
    if flip < augmentation.flip:
        pixels = pixels[:, ::-1]
        corners = np.stack(
            [width - corners[:, 2], corners[:, 1], width - corners[:, 0], corners[:, 3]], axis=1
        )
    middle = np.array([width, height]) / 2
    # Where a point of the new image comes from.
    start = middle - (middle + shift) / scale
    moved = Image.fromarray(pixels).transform(
        (width, height),
        Image.Transform.AFFINE,
        (1 / scale, 0, start[0], 0, 1 / scale, start[1]),
        Image.Resampling.BILINEAR,
        fillcolor=(GREY, GREY, GREY),
    )
    whole = (corners - np.tile(start, 2)) * scale
    inside = np.clip(whole, 0, np.array([width, height, width, height]))
    teaches = _area(inside) >= _VISIBLE * _area(whole)
    teaches &= (inside[:, 2:] - inside[:, :2] >= _SMALLEST).all(axis=1)
    return _recolored(np.asarray(moved), factors), inside, teaches


def _area(corners: np.ndarray) -> np.ndarray:
    area: np.ndarray = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    return area


def _recolored(pixels: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Brightness, contrast about the mean, saturation about the grey of each pixel."""
    brightness, contrast, saturation = factors.astype(np.float32)
    colors = pixels.astype(np.float32) * brightness
    colors = (colors - colors.mean()) * contrast + colors.mean()
    grey = colors.mean(axis=2, keepdims=True)
    changed = np.clip((colors - grey) * saturation + grey, 0, 255)
    result: np.ndarray = np.rint(changed).astype(np.uint8)
    return result

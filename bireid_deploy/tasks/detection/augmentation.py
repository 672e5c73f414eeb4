"""Random flips, zooms, shifts, colours and loss of detail of images with boxes."""

from dataclasses import dataclass, field

import numpy as np
from bireid_runtime.letterbox import GREY
from PIL import Image

from bireid_deploy.data.color import ColorJitter, jitter_colors
from bireid_deploy.data.degradation import Degradation, degrade

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
        color: How far colours move.
        degradation: How often detail is lost.
    """

    flip: float
    scale: tuple[float, float]
    shift: float
    color: ColorJitter = field(default_factory=ColorJitter)
    degradation: Degradation = field(default_factory=Degradation)


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
    flip, zoom, *places = rng.random(4)
    low, high = augmentation.scale
    scale = low + (high - low) * zoom
    shift = augmentation.shift * (2 * np.array(places) - 1) * (width, height)
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
    batch = jitter_colors(np.asarray(moved)[np.newaxis], augmentation.color, rng)
    return degrade(batch, augmentation.degradation, rng)[0], inside, teaches


def _area(corners: np.ndarray) -> np.ndarray:
    area: np.ndarray = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    return area

"""Crops in a page, as small JPEG pictures inside of it."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bireid_deploy.evaluation.pages.document import escaped

SIZE = (64, 128)
"""Width and height that every crop is shown at."""

_QUALITY = 80


def picture(pixels: NDArray[np.uint8], description: str) -> str:
    """An `img` with uint8 RGB pixels (H, W, 3) of any size, made as small as it is shown."""
    file = io.BytesIO()
    small = Image.fromarray(pixels).resize(SIZE, Image.Resampling.BILINEAR)
    small.save(file, "JPEG", quality=_QUALITY)
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="{escaped(description)}" src="data:image/jpeg;base64,{data}">'


def crop(pixels: NDArray[np.uint8], kind: str, description: str, below: str) -> str:
    """A framed crop; what is right and wrong is told by a mark too, not by colour alone.

    Args:
        pixels: uint8 RGB (H, W, 3).
        kind: `query`, `right` or `wrong`.
        description: For those who cannot see it, and shown where the pointer rests.
        below: Text under it.
    """
    mark = {"right": "<b>\u2713</b>", "wrong": "<b>\u2717</b>"}.get(kind, "")
    return (
        f'<figure class="crop {kind}" title="{escaped(description)}">'
        f"{picture(pixels, description)}{mark}{escaped(below)}</figure>"
    )


def heat(pixels: NDArray[np.uint8], strength: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A crop in grey under a map, from nothing over orange to yellow.

    Args:
        pixels: uint8 RGB (H, W, 3).
        strength: float32 (h, w), any range; stretched to it and enlarged bilinearly.

    Returns:
        uint8 RGB (128, 64, 3).
    """
    grey = np.asarray(Image.fromarray(pixels).convert("L").resize(SIZE), np.float32)[..., None]
    low, high = float(strength.min()), float(strength.max())
    scaled = (strength - low) / ((high - low) or 1.0)
    enlarged = Image.fromarray(scaled.astype(np.float32)).resize(SIZE, Image.Resampling.BILINEAR)
    share = np.asarray(enlarged, np.float32)[..., None]
    color = np.concatenate([255 + 0 * share, 90 + 150 * share, 20 + 0 * share], axis=-1)
    mixed = grey * (1 - 0.75 * share) + color * 0.75 * share
    found: NDArray[np.uint8] = np.clip(mixed, 0, 255).astype(np.uint8)
    return found

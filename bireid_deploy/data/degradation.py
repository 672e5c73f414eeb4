"""What optics, distance and video do to training crops: resolution, blur and JPEG."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bireid_deploy.errors import RecipeError

if TYPE_CHECKING:
    from PIL import Image

_SCALE = (0.3, 0.9)
_BLUR_PER_ROW = (0.4 / 128, 1.6 / 128)
_QUALITY = (25, 90)


@dataclass(frozen=True)
class Degradation:
    """How often a crop loses detail, each on its own.

    Attributes:
        resolution: Probability of being shrunk to 0.3 to 0.9 of its sides and enlarged again.
        blur: Probability of a Gaussian blur with a deviation of 0.4 to 1.6 pixels per 128 rows.
        jpeg: Probability of being stored as JPEG of quality 25 to 90.

    Raises:
        RecipeError: A value is out of range.
    """

    resolution: float = 0.0
    blur: float = 0.0
    jpeg: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value <= 1:
                raise RecipeError(f"{name} is {value}, outside 0 to 1")

    @property
    def active(self) -> bool:
        """Whether it ever changes anything."""
        return max(self.resolution, self.blur, self.jpeg) > 0


def degrade(pixels: np.ndarray, degradation: Degradation, rng: np.random.Generator) -> np.ndarray:
    """Takes detail from some crops of a batch.

    Args:
        pixels: RGB, uint8 (B, H, W, 3); not changed.
        degradation: What, how often.
        rng: Decides everything random; it is asked for as many numbers whatever comes out.

    Returns:
        uint8 (B, H, W, 3).
    """
    from PIL import Image

    chances = (degradation.resolution, degradation.blur, degradation.jpeg)
    chosen = rng.random((len(pixels), 3)) < chances
    amounts = rng.random((len(pixels), 3))
    result = pixels.copy()
    for index in np.flatnonzero(chosen.any(1)):
        image = Image.fromarray(pixels[index])
        for (low, high), apply, amount, is_chosen in zip(
            (_SCALE, _BLUR_PER_ROW, _QUALITY),
            (_lower_resolution, _blur, _store_as_jpeg),
            amounts[index],
            chosen[index],
            strict=True,
        ):
            if is_chosen:
                image = apply(image, low + (high - low) * float(amount))
        result[index] = np.asarray(image)
    return result


def _lower_resolution(image: "Image.Image", scale: float) -> "Image.Image":
    from PIL import Image

    small = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    bilinear = Image.Resampling.BILINEAR
    return image.resize(small, bilinear).resize(image.size, bilinear)


def _blur(image: "Image.Image", radius_per_row: float) -> "Image.Image":
    from PIL import ImageFilter

    return image.filter(ImageFilter.GaussianBlur(radius_per_row * image.height))


def _store_as_jpeg(image: "Image.Image", quality: float) -> "Image.Image":
    from PIL import Image

    file = io.BytesIO()
    image.save(file, "JPEG", quality=round(quality))
    return Image.open(file).convert("RGB")

"""Random flips, colours, degradation, shifts and erasing of training crops."""

from dataclasses import dataclass, field

import numpy as np
from bireid_runtime.preprocess import Preprocess, normalize

from bireid_deploy.data.color import ColorJitter, jitter_colors
from bireid_deploy.data.degradation import Degradation, degrade
from bireid_deploy.errors import RecipeError

# A rectangle that does not fit the image is drawn anew; at the usual settings one in three.
_ERASING_ATTEMPTS = 100


@dataclass(frozen=True)
class Augmentation:
    """What `augment` does to a crop.

    Attributes:
        flip_probability: Of mirroring left and right.
        pad: Pixels of black added on each side before a random cut; 10 suits 256 rows, 5 suits 128.
        erasing_probability: Of random erasing (arXiv:1708.04896).
        erasing_area: Smallest and largest erased share of the image's area.
        erasing_aspect: Smallest and largest height / width of the erased rectangle.
        erasing_fill: Red, green, blue written there after normalisation.
        color: How far colours move.
        degradation: How often detail is lost.

    Raises:
        RecipeError: A value is out of range.
    """

    flip_probability: float = 0.5
    pad: int = 10
    erasing_probability: float = 0.5
    erasing_area: tuple[float, float] = (0.02, 0.4)
    erasing_aspect: tuple[float, float] = (0.3, 3.33)
    erasing_fill: tuple[float, float, float] = (0.4914, 0.4822, 0.4465)
    color: ColorJitter = field(default_factory=ColorJitter)
    degradation: Degradation = field(default_factory=Degradation)

    def __post_init__(self) -> None:
        for name in ("flip_probability", "erasing_probability"):
            if not 0 <= getattr(self, name) <= 1:
                raise RecipeError(f"{name} is {getattr(self, name)}, outside 0 to 1")
        if self.pad < 0:
            raise RecipeError(f"pad is {self.pad}, below 0")
        for name, limit in (("erasing_area", 1.0), ("erasing_aspect", np.inf)):
            low, high = getattr(self, name)
            if not 0 < low <= high <= limit:
                raise RecipeError(f"{name} is {(low, high)}, not rising within 0 to {limit}")


def augment(
    pixels: np.ndarray,
    spec: Preprocess,
    augmentation: Augmentation,
    rng: np.random.Generator,
    mirrored: np.ndarray | None = None,
) -> np.ndarray:
    """Flips, recolours, degrades, shifts, normalises and erases a batch of crops.

    Args:
        pixels: RGB, uint8 (B, H, W, 3), at the network's input size; not changed.
        spec: Normalisation.
        augmentation: What to do, how often.
        rng: Decides everything random; the same state gives the same batch.
        mirrored: Which are mirrored, bool (B,); None lets `draw_mirrored` say, from `rng` too.

    Returns:
        float32 (B, H, W, 3).
    """
    if mirrored is None:
        mirrored = draw_mirrored(len(pixels), augmentation, rng)
    flipped = np.where(mirrored[:, None, None, None], pixels[:, :, ::-1], pixels)
    # What is off draws no number: recipes without it keep the batches that they had.
    if augmentation.color.active:
        flipped = jitter_colors(flipped, augmentation.color, rng)
    if augmentation.degradation.active:
        flipped = degrade(flipped, augmentation.degradation, rng)
    batch = normalize(_shift(flipped, augmentation.pad, rng), spec)
    _erase(batch, augmentation, rng)
    return batch


def draw_mirrored(count: int, augmentation: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Which of some crops are mirrored, bool (count,); the first that `augment` draws."""
    return rng.random(count) < augmentation.flip_probability


def _shift(pixels: np.ndarray, pad: int, rng: np.random.Generator) -> np.ndarray:
    """Cuts a window of the old size out of the padded images, each at its own place."""
    count, height, width, _ = pixels.shape
    padded = np.pad(pixels, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    places = rng.integers(0, 2 * pad, size=(count, 2), endpoint=True)
    shifted = np.empty_like(pixels)
    for image, (top, left) in enumerate(places.tolist()):
        shifted[image] = padded[image, top : top + height, left : left + width]
    return shifted


def _erase(batch: np.ndarray, augmentation: Augmentation, rng: np.random.Generator) -> None:
    """Fills one rectangle in some images, in place."""
    chosen = np.flatnonzero(rng.random(len(batch)) < augmentation.erasing_probability)
    _, height, width, _ = batch.shape
    for _ in range(_ERASING_ATTEMPTS):
        if len(chosen) == 0:
            return
        area = rng.uniform(*augmentation.erasing_area, len(chosen)) * height * width
        aspect = rng.uniform(*augmentation.erasing_aspect, len(chosen))
        rows = np.maximum(np.rint(np.sqrt(area * aspect)), 1).astype(int)
        columns = np.maximum(np.rint(np.sqrt(area / aspect)), 1).astype(int)
        fits = (rows <= height) & (columns <= width)
        for image, r, c in zip(chosen[fits], rows[fits], columns[fits], strict=True):
            top = rng.integers(0, height - r, endpoint=True)
            left = rng.integers(0, width - c, endpoint=True)
            batch[image, top : top + r, left : left + c] = augmentation.erasing_fill
        chosen = chosen[~fits]

"""Random colours of training crops: what cameras, light and sensors do to the same clothes."""

from dataclasses import dataclass

import numpy as np

from bireid_deploy.errors import RecipeError

_LUMA = np.array([0.299, 0.587, 0.114])
# The grey axis, about which a hue turns.
_AXIS = np.full(3, 1 / np.sqrt(3))
_CROSS = np.array([[0, -_AXIS[2], _AXIS[1]], [_AXIS[2], 0, -_AXIS[0]], [-_AXIS[1], _AXIS[0], 0]])


@dataclass(frozen=True)
class ColorJitter:
    """How far the colours of a crop may move; 0 leaves a property alone.

    `brightness`, `contrast`, `saturation` and `hue` mean what they mean in torchvision; they act at
    once, as one matrix per image, and are clipped once.

    Attributes:
        probability: Of a crop to be changed by brightness, contrast, saturation, hue, white
            balance and gamma.
        brightness: Factor from 1 - b to 1 + b, 0 to 1.
        contrast: The same around the crop's mean luma, 0 to 1.
        saturation: The same around each pixel's luma, 0 to 1.
        hue: Turn about the grey axis from -h to h, in full turns, 0 to 0.5.
        white_balance: Each channel is multiplied by `exp(u)`, u from -w to w, 0 to 1.
        gamma: Exponent `exp(u)` on values in 0 to 1, u from -g to g, 0 to 1.
        grey: Probability of a crop to lose all colour, on its own.

    Raises:
        RecipeError: A value is out of range.
    """

    probability: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    white_balance: float = 0.0
    gamma: float = 0.0
    grey: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            limit = 0.5 if name == "hue" else 1.0
            if not 0 <= value <= limit:
                raise RecipeError(f"{name} is {value}, outside 0 to {limit:g}")

    @property
    def active(self) -> bool:
        """Whether it ever changes anything."""
        return self.probability > 0 or self.grey > 0


def jitter_colors(pixels: np.ndarray, jitter: ColorJitter, rng: np.random.Generator) -> np.ndarray:
    """Moves the colours of a batch of crops, each by numbers of its own.

    Args:
        pixels: RGB, uint8 (B, H, W, 3); not changed.
        jitter: How far.
        rng: Decides everything random; it is asked for as many numbers whatever comes out.

    Returns:
        uint8 (B, H, W, 3).
    """
    count = len(pixels)
    moved = rng.random(count) < jitter.probability
    greyed = rng.random(count) < jitter.grey
    numbers = rng.uniform(-1, 1, (count, 8))
    result = pixels.copy()
    for index in np.flatnonzero(moved | greyed):
        draws = numbers[index] if moved[index] else np.zeros(8)
        result[index] = _moved(pixels[index], jitter, draws, bool(greyed[index]))
    return result


def _moved(pixels: np.ndarray, jitter: ColorJitter, draws: np.ndarray, grey: bool) -> np.ndarray:
    """One crop by eight numbers from -1 to 1."""
    from PIL import Image

    brightness, contrast, saturation = 1 + draws[:3] * (
        jitter.brightness,
        jitter.contrast,
        jitter.saturation,
    )
    gains = np.diag(np.exp(draws[3:6] * jitter.white_balance))
    mix = _saturation(0.0 if grey else saturation) @ _hue(2 * np.pi * jitter.hue * draws[6])
    matrix = brightness * mix @ gains
    middle = _LUMA @ matrix @ _mean_color(pixels)
    affine = np.column_stack([contrast * matrix, np.full(3, (1 - contrast) * middle)])
    image = Image.fromarray(pixels).convert("RGB", tuple(affine.ravel().tolist()))
    moved = np.asarray(image)
    return moved if jitter.gamma == 0 else _gamma_table(np.exp(jitter.gamma * draws[7]))[moved]


def _mean_color(pixels: np.ndarray) -> np.ndarray:
    # Ten times as fast as the sum over two axes of three channels.
    channels = np.ascontiguousarray(pixels.reshape(-1, 3).T)
    return channels.sum(1) / channels.shape[1]


def _saturation(factor: float) -> np.ndarray:
    return factor * np.eye(3) + (1 - factor) * np.tile(_LUMA, (3, 1))


def _hue(angle: float) -> np.ndarray:
    """Rotation about the grey axis (Rodrigues)."""
    sine, cosine = np.sin(angle), np.cos(angle)
    return cosine * np.eye(3) + sine * _CROSS + (1 - cosine) * np.outer(_AXIS, _AXIS)


def _gamma_table(exponent: float) -> np.ndarray:
    return np.rint(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)

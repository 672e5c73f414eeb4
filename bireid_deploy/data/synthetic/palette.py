"""Colours that clothes, hair and skin really have, and weighted choices among them."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

Color = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

T = TypeVar("T")

# Weights follow a street in autumn: dark and muted colours prevail, so that many people share one.
CLOTHES: dict[Color, float] = {
    (24, 24, 28): 20,  # black
    (62, 64, 70): 9,  # charcoal
    (128, 130, 134): 9,  # grey
    (232, 232, 228): 9,  # white
    (28, 38, 78): 12,  # navy
    (66, 92, 142): 8,  # denim
    (196, 176, 142): 7,  # beige
    (104, 76, 52): 5,  # brown
    (86, 94, 58): 5,  # olive
    (156, 34, 40): 5,  # red
    (96, 28, 48): 3,  # burgundy
    (44, 100, 74): 3,  # green
    (206, 168, 56): 2,  # mustard
    (212, 140, 156): 2,  # pink
    (130, 180, 214): 3,  # light blue
}
BOTTOMS: dict[Color, float] = {
    (24, 24, 28): 24,
    (28, 38, 78): 18,
    (66, 92, 142): 18,
    (62, 64, 70): 12,
    (128, 130, 134): 8,
    (196, 176, 142): 9,
    (104, 76, 52): 4,
    (86, 94, 58): 4,
    (224, 222, 216): 4,
    (128, 34, 44): 2,
}
SHOES: dict[Color, float] = {
    (22, 20, 20): 10,
    (226, 226, 222): 6,
    (96, 64, 40): 5,
    (110, 112, 116): 3,
    (150, 36, 40): 1,
}
HAIR: dict[Color, float] = {
    (22, 18, 18): 9,
    (52, 34, 24): 8,
    (98, 66, 38): 5,
    (188, 152, 92): 3,
    (150, 146, 142): 2,
    (122, 52, 28): 1,
}
SKIN: dict[Color, float] = {
    (240, 206, 180): 5,
    (222, 178, 146): 5,
    (188, 138, 100): 4,
    (134, 90, 62): 3,
    (84, 56, 42): 3,
}


def pick(rng: np.random.Generator, options: Mapping[T, float]) -> T:
    """Draws a key of `options` with probability proportional to its value."""
    keys = list(options)
    edges = np.cumsum(list(options.values()))
    return keys[int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))]


def pick_color(rng: np.random.Generator, options: Mapping[Color, float]) -> Color:
    """Draws a colour and varies its lightness and hue a little: no two dyes are equal."""
    base = np.array(pick(rng, options), np.float64)
    lightness = 0.86 + 0.3 * rng.random()
    return to_color(base * lightness + 16 * (rng.random(3) - 0.5))


def shade(color: Color, factor: float) -> Color:
    """Returns `color` made darker (factor below 1) or lighter."""
    return to_color(np.array(color) * factor)


def lightness(color: Color) -> float:
    """Returns the mean of the channels, 0 to 255."""
    return sum(color) / 3


def to_color(values: np.ndarray) -> Color:
    """Rounds and clips three numbers to a colour."""
    red, green, blue = np.clip(np.rint(values), 0, 255).astype(int).tolist()
    return red, green, blue

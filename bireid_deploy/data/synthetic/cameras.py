"""What distinguishes one simulated camera: viewpoint, light, colours, optics and its street."""

from dataclasses import dataclass, replace
from math import pi

import numpy as np

MAX_CAMERAS = 9
"""File names of the Market-1501 layout give a camera one digit."""
MAX_STYLES = 1000

# Hue angles at which a cast raises red, green and blue most.
_CHANNEL_ANGLES = np.array([0.0, 2 * pi / 3, 4 * pi / 3])
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Camera:
    """One simulated camera.

    Attributes:
        yaws: Directions in which people pass it, radians.
        tilt: Enlargement of the head over the feet, see `Projection`.
        shear: Roll of the picture, see `Projection`.
        stretch: Horizontal stretch.
        light: Side the light comes from, -1 left to 1 right.
        vignette: Strongest change of brightness across the view, 0 to 1.
        gamma: Exponent of the response.
        mix: (3, 3) matrix on linear RGB columns: white balance and saturation.
        contrast: Slope around middle grey.
        haze: Added to all channels, 0 to 1.
        blur: Radius of the blur, pixels per 128 rows.
        noise: Standard deviation of the sensor noise, 0 to 1.
        jpeg_quality: Pillow's scale, 1 to 95.
        occlusion: Probability that something stands before the person.
    """

    yaws: tuple[float, ...]
    tilt: float
    shear: float
    stretch: float
    light: float
    vignette: float
    gamma: float
    mix: np.ndarray
    contrast: float
    haze: float
    blur: float
    noise: float
    jpeg_quality: int
    occlusion: float


def draw_camera(rng: np.random.Generator, index: int, count: int) -> Camera:
    """Draws camera `index` of `count`; casts and directions are spread over the cameras."""
    street = pi * (index + 0.5 * rng.random()) / count
    cast = 2 * pi * (index + 0.6 * rng.random()) / count
    return Camera(
        yaws=(street, street + pi),
        tilt=0.05 + 0.3 * rng.random(),
        shear=0.12 * (rng.random() - 0.5),
        stretch=0.92 + 0.2 * rng.random(),
        light=2 * rng.random() - 1,
        vignette=0.15 + 0.25 * rng.random(),
        gamma=0.75 + 0.6 * rng.random(),
        mix=_draw_mix(rng, cast),
        contrast=0.75 + 0.35 * rng.random(),
        haze=0.08 * rng.random() - 0.02,
        blur=0.3 + 0.6 * rng.random(),
        noise=0.008 + 0.02 * rng.random(),
        jpeg_quality=int(rng.integers(60, 91)),
        occlusion=0.1 + 0.15 * rng.random(),
    )


def restyle(rng: np.random.Generator, camera: Camera) -> Camera:
    """The same view in another style: what hour, weather and settings change, drawn anew."""
    return replace(
        camera,
        light=2 * rng.random() - 1,
        vignette=0.15 + 0.25 * rng.random(),
        gamma=0.6 + 1.0 * rng.random(),
        mix=_draw_mix(rng, 2 * pi * rng.random()),
        contrast=0.6 + 0.6 * rng.random(),
        haze=0.12 * rng.random() - 0.03,
        blur=0.2 + 1.0 * rng.random(),
        noise=0.005 + 0.03 * rng.random(),
    )


def _draw_mix(rng: np.random.Generator, cast: float) -> np.ndarray:
    saturation = 0.55 + 0.45 * rng.random()
    exposure = 0.8 + 0.4 * rng.random()
    strength = 0.14 + 0.12 * rng.random()
    gains = exposure * np.exp(strength * np.cos(cast - _CHANNEL_ANGLES))
    grey = np.tile(_LUMA, (3, 1))
    return gains[:, None] * (saturation * np.eye(3) + (1 - saturation) * grey)

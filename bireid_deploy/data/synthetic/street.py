"""Renders whole frames of a street with people in it, and says where they are."""

from dataclasses import dataclass
from math import ceil, log

import numpy as np
from PIL import Image

from bireid_deploy.data.synthetic.cameras import MAX_CAMERAS, Camera, draw_camera
from bireid_deploy.data.synthetic.canvas import Projection
from bireid_deploy.data.synthetic.figure import draw_figure
from bireid_deploy.data.synthetic.light import composite, expose, relief
from bireid_deploy.data.synthetic.people import draw_person
from bireid_deploy.data.synthetic.pose import draw_pose
from bireid_deploy.data.synthetic.scene import cut_scene, draw_scene

STREET_VERSION = 1
"""Raised with every change that alters a pixel or a box."""

_MOST_PEOPLE = 5
# Shares of the frame's height.
_SMALLEST, _TALLEST = 0.18, 0.85
# Of a figure's pixels; who shows less of themselves is `difficult`.
_VISIBLE = 0.3
_SUPERSAMPLING = 2
_JPEG_QUALITY = (70, 93)


@dataclass(frozen=True)
class Frame:
    """One frame.

    Attributes:
        picture: RGB.
        corners: int64 (N, 4): left, top, right, bottom of every person, pixels, inside the frame.
        difficult: bool (N,), whether less than 30 % of the person can be seen.
        jpeg_quality: What the camera saves it with.
    """

    picture: Image.Image
    corners: np.ndarray
    difficult: np.ndarray
    jpeg_quality: int


@dataclass(frozen=True)
class _Figure:
    """A person in the frame; all arrays have its size."""

    color: np.ndarray
    cover: np.ndarray
    pixels: int  # in the frame and beyond


def render_frame(seed: int, number: int, size: tuple[int, int]) -> Frame:
    """Renders one frame; it depends on the arguments alone.

    Args:
        seed: Seed of the data set.
        number: Which frame, from 0.
        size: (height, width), pixels.
    """
    rng = np.random.default_rng([seed, number])
    height, width = size
    camera = draw_camera(rng, int(rng.integers(MAX_CAMERAS)), MAX_CAMERAS)
    street = cut_scene(rng, draw_scene(rng, height, width), width)
    view = np.asarray(street, np.float32) / 255
    count = int(rng.integers(_MOST_PEOPLE + 1))
    # The small ones are far away, and those who are near stand before them.
    shares = sorted((_SMALLEST * (_TALLEST / _SMALLEST) ** rng.random(count)).tolist())
    figures = []
    for share in shares:
        figure = _figure(rng, camera, share, size)
        view = composite(view, figure.color, figure.cover)
        figures.append(figure)
    corners, difficult = _boxes(figures)
    quality = int(rng.integers(*_JPEG_QUALITY))
    return Frame(expose(rng, view, camera), corners, difficult, quality)


def _figure(
    rng: np.random.Generator, camera: Camera, share: float, size: tuple[int, int]
) -> _Figure:
    height, width = size
    tall = share * height
    person, pose = draw_person(rng), draw_pose(rng, camera.yaws)
    rows, columns = ceil(1.1 * tall), ceil(tall)
    projection = Projection(
        center=0.5 * columns * _SUPERSAMPLING,
        top=0.03 * rows * _SUPERSAMPLING,
        scale=0.93 * tall * _SUPERSAMPLING,
        width=camera.stretch,
        tilt=camera.tilt,
        shear=camera.shear,
        yaw=pose.yaw,
    )
    drawn = draw_figure(
        person, pose, projection, rows * _SUPERSAMPLING, columns * _SUPERSAMPLING
    ).reduce(_SUPERSAMPLING)
    pixels = np.asarray(drawn, np.float32) / 255
    lit = pixels[..., :3] * relief(rng, drawn, camera)
    # Feet stand the lower the nearer they are.
    near = log(share / _SMALLEST) / log(_TALLEST / _SMALLEST)
    foot = height * (0.55 + 0.42 * near + 0.08 * (rng.random() - 0.5))
    top, left = round(foot - 1.03 * tall), round(width * rng.random() - 0.5 * columns)
    color = np.zeros((height, width, 3), np.float32)
    cover = np.zeros((height, width, 1), np.float32)
    here, there = _overlap(top, rows, height), _overlap(left, columns, width)
    color[here[0], there[0]] = lit[here[1], there[1]]
    cover[here[0], there[0]] = pixels[here[1], there[1], 3:]
    return _Figure(color, cover, int((pixels[..., 3] > 0.5).sum()))


def _overlap(start: int, length: int, limit: int) -> tuple[slice, slice]:
    """What a stretch covers of 0..limit: there, and of itself."""
    first, last = max(0, start), max(0, min(limit, start + length))
    return slice(first, max(first, last)), slice(first - start, max(first, last) - start)


def _boxes(figures: list[_Figure]) -> tuple[np.ndarray, np.ndarray]:
    """Corners and whether a person is difficult, of all who can be seen at all."""
    corners, difficult = [], []
    for index, figure in enumerate(figures):
        body = figure.cover[..., 0] > 0.5
        seen = body.copy()
        for nearer in figures[index + 1 :]:
            seen &= nearer.cover[..., 0] <= 0.5
        if not seen.any():
            continue
        rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
        corners.append([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
        difficult.append(seen.sum() < _VISIBLE * figure.pixels)
    return np.array(corners, np.int64).reshape(-1, 4), np.array(difficult, bool)

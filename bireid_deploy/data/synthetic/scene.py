"""The street behind the people: one wide picture per camera, cut anew for every crop."""

import numpy as np
from PIL import Image, ImageDraw

from bireid_deploy.data.synthetic.palette import Color, shade, to_color

_WIDTH_IN_CROPS = 5
_GROUNDS: tuple[Color, ...] = (
    (150, 148, 142), (118, 116, 116), (104, 122, 78), (168, 152, 126), (128, 104, 90),
)  # fmt: skip
_WALLS: tuple[Color, ...] = (
    (186, 178, 162), (140, 92, 74), (108, 116, 126), (206, 204, 196), (76, 96, 66), (92, 84, 80),
)  # fmt: skip


def draw_scene(rng: np.random.Generator, height: int, width: int) -> Image.Image:
    """Draws a street, RGB, `height` rows and `_WIDTH_IN_CROPS * width` columns."""
    picture = Image.new("RGB", (_WIDTH_IN_CROPS * width, height))
    draw = ImageDraw.Draw(picture)
    horizon = height * (0.25 + 0.4 * rng.random())
    ground = _vary(rng, _GROUNDS[int(rng.integers(len(_GROUNDS)))])
    draw.rectangle((0, horizon, picture.width, height), fill=ground)
    _draw_paving(rng, draw, horizon, picture.size, ground)
    _draw_buildings(rng, draw, horizon, picture.width, width)
    for _ in range(int(rng.integers(3, 7))):
        _draw_furniture(rng, draw, horizon, picture.size, width)
    grain = 10 * rng.standard_normal((height, picture.width, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))


def cut_scene(rng: np.random.Generator, scene: Image.Image, width: int) -> Image.Image:
    """Cuts a window `width` columns wide, seen from a slightly different height each time."""
    zoom = 1 + 0.25 * rng.random()
    window_width, window_height = width / zoom, scene.height / zoom
    left = (scene.width - window_width) * rng.random()
    top = (scene.height - window_height) * rng.random()
    box = (left, top, left + window_width, top + window_height)
    return scene.resize((width, scene.height), Image.Resampling.BILINEAR, box=box)


def draw_occluder(rng: np.random.Generator, height: int, width: int) -> Image.Image:
    """Draws something that stands before the person, transparent RGBA, `height` x `width`."""
    picture = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(picture)
    color = _vary(rng, (_WALLS + _GROUNDS)[int(rng.integers(len(_WALLS + _GROUNDS)))])
    kind = int(rng.integers(3))
    if kind == 0:
        left, thickness = width * rng.random(), width * (0.06 + 0.1 * rng.random())
        draw.rectangle((left, 0, left + thickness, height), fill=color)
    elif kind == 1:
        top = height * (0.68 + 0.2 * rng.random())
        left = width * (rng.random() - 0.5)
        draw.rectangle((left, top, left + width * (0.6 + 0.5 * rng.random()), height), fill=color)
        draw.rectangle((left, top, left + 2 * width, top + 0.02 * height), fill=shade(color, 1.3))
    else:
        side = 0 if rng.random() < 0.5 else width
        for x, y, size in rng.random((14, 3)).tolist():
            column, row = side + 0.5 * width * (x - 0.5), height * (0.1 + 0.8 * y)
            radius = width * (0.05 + 0.09 * size)
            box = (column - radius, row - radius, column + radius, row + radius)
            draw.ellipse(box, fill=shade((66, 88, 48), 0.7 + 0.6 * size))
    return picture


def _draw_paving(
    rng: np.random.Generator,
    draw: ImageDraw.ImageDraw,
    horizon: float,
    size: tuple[int, int],
    ground: Color,
) -> None:
    line = shade(ground, 0.82 + 0.3 * float(rng.random()))
    # Rows of slabs grow towards the camera.
    for row in np.linspace(0, 1, int(rng.integers(5, 10))) ** 2:
        y = horizon + (size[1] - horizon) * row
        draw.line((0, y, size[0], y), fill=line)
    lean = size[1] * (rng.random() - 0.5)
    step = size[0] / int(rng.integers(10, 24))
    for x in np.arange(-size[1], size[0] + size[1], step).tolist():
        draw.line((x, horizon, x + lean, size[1]), fill=line)


def _draw_buildings(
    rng: np.random.Generator,
    draw: ImageDraw.ImageDraw,
    horizon: float,
    scene_width: int,
    crop_width: int,
) -> None:
    left = 0.0
    while left < scene_width:
        right = left + crop_width * (0.3 + 0.9 * rng.random())
        wall = _vary(rng, _WALLS[int(rng.integers(len(_WALLS)))])
        draw.rectangle((left, 0, right, horizon), fill=wall)
        step = crop_width * (0.12 + 0.2 * rng.random())
        dark = shade(wall, 0.6)
        style = int(rng.integers(4))
        if style == 0:
            for x in np.arange(left, right, step).tolist():
                draw.rectangle((x, horizon * 0.15, x + 0.6 * step, horizon * 0.6), fill=dark)
        elif style == 1:
            for y in np.arange(0, horizon, 0.5 * step).tolist():
                draw.line((left, y, right, y), fill=dark)
        elif style == 2:
            for x in np.arange(left, right, 0.5 * step).tolist():
                draw.line((x, 0, x, horizon), fill=dark, width=2)
        left = right


def _draw_furniture(
    rng: np.random.Generator,
    draw: ImageDraw.ImageDraw,
    horizon: float,
    size: tuple[int, int],
    crop_width: int,
) -> None:
    """Draws a tree, a post or a parked thing that stands on the ground behind the people."""
    x = size[0] * rng.random()
    foot = horizon + (size[1] - horizon) * 0.5 * rng.random()
    color = _vary(rng, (_WALLS + _GROUNDS)[int(rng.integers(len(_WALLS + _GROUNDS)))])
    width = crop_width * (0.05 + 0.5 * rng.random() ** 2)
    top = foot - size[1] * (0.1 + 0.4 * rng.random())
    draw.rectangle((x, top, x + width, foot), fill=shade(color, 0.8))


def _vary(rng: np.random.Generator, color: Color) -> Color:
    return to_color(np.array(color) * (0.8 + 0.4 * rng.random()) + 20 * (rng.random(3) - 0.5))

"""Renders what one camera sees of a target on its way: frames, boxes, and how much is covered.

Every second target is a person, every other a thing with a pattern, or a network would learn
people alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import pi

import numpy as np
from PIL import Image, ImageDraw

from bireid_deploy.data.synthetic.cameras import MAX_CAMERAS, Camera, draw_camera
from bireid_deploy.data.synthetic.light import composite, expose
from bireid_deploy.data.synthetic.people import draw_person
from bireid_deploy.data.synthetic.pose import draw_pose
from bireid_deploy.data.synthetic.scene import cut_scene, draw_occluder, draw_scene
from bireid_deploy.data.synthetic.walker import Walker

WALKS_VERSION = 1
"""Raised with every change that alters a pixel or a box."""

FULL_COVER = 8
_MOST_OTHERS = 3
# Shares of the frame's height.
_SMALLEST, _TALLEST = 0.2, 0.42
# Change of place (shares of the frame's height) and size from frame to frame, at most.
_STEP, _GROWTH = 0.05, 0.05
_JITTER = 2  # pixels
_OCCLUSION = 0.7
_TEXTURE = 96


@dataclass(frozen=True)
class WalkFrame:
    """One frame.

    Attributes:
        picture: RGB.
        box: Left, top, width, height of the whole target, seen or not; 1 is the first pixel.
        cover: 0 to `FULL_COVER`, which share of the target can be seen.
    """

    picture: Image.Image
    box: tuple[int, int, int, int]
    cover: int


@dataclass(frozen=True)
class _Actor:
    """Who moves, and where; the arrays have a row per frame, in pixels."""

    look: "Walker | _Thing"
    middles: np.ndarray  # (N, 2), x and y
    heights: np.ndarray  # (N,)


@dataclass(frozen=True)
class _Thing:
    texture: Image.Image  # RGBA
    aspect: float
    angle: float  # degrees
    turn: float  # degrees per frame

    def draw(self, camera: Camera, tall: float, frame: int) -> np.ndarray:
        """As that of a walker."""
        size = (max(4, round(tall * self.aspect)), max(4, round(tall)))
        turned = self.texture.resize(size, Image.Resampling.BILINEAR).rotate(
            self.angle + self.turn * frame, Image.Resampling.BILINEAR, expand=True
        )
        return np.asarray(turned, np.float32) / 255


def render_walk(seed: int, number: int, frames: int, size: tuple[int, int]) -> Iterator[WalkFrame]:
    """Renders one sequence; it depends on the arguments alone.

    Args:
        seed: Seed of the data set.
        number: Which sequence, from 0; the targets of even ones are people.
        frames: How many frames.
        size: (height, width), pixels.
    """
    rng = np.random.default_rng([seed, number])
    height, width = size[0] + 2 * _JITTER, size[1] + 2 * _JITTER
    camera = draw_camera(rng, int(rng.integers(MAX_CAMERAS)), MAX_CAMERAS)
    scene = cut_scene(rng, draw_scene(rng, height, width), width)
    street = np.asarray(scene, np.float32) / 255
    others = int(rng.integers(_MOST_OTHERS + 1))
    target = _draw_actor(rng, camera, frames, (height, width), is_person=number % 2 == 0)
    actors = [target] + [
        _draw_actor(rng, camera, frames, (height, width), is_person=rng.random() < 0.7)
        for _ in range(others)
    ]
    passing = _draw_passing(rng, target, frames, (height, width))
    shifts = np.cumsum(rng.normal(0, 0.5, (frames, 2)), axis=0)
    for frame in range(frames):
        view, body, seen = _compose(street, camera, actors, frame, passing)
        picture = expose(rng, view, camera)
        left, top = (_JITTER + np.clip(np.rint(shifts[frame]), -_JITTER, _JITTER)).astype(int)
        window = (slice(top, top + size[0]), slice(left, left + size[1]))
        share = seen[window].sum() / max(1, body.sum())
        yield WalkFrame(
            picture.crop((left, top, left + size[1], top + size[0])),
            _box(body, left, top),
            int(FULL_COVER * share + 0.5),
        )


def _compose(
    street: np.ndarray,
    camera: Camera,
    actors: list[_Actor],
    frame: int,
    passing: tuple[np.ndarray, np.ndarray] | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The view, where the target is, and where it is seen; those who stand lower are nearer."""
    height, width = street.shape[:2]
    view = street
    body = seen = np.zeros((height, width), bool)
    feet = [actor.middles[frame, 1] + actor.heights[frame] / 2 for actor in actors]
    for index in np.argsort(feet, kind="stable"):
        drawn = _placed(actors[index], camera, frame, (height, width))
        view = composite(view, drawn[..., :3], drawn[..., 3:])
        hidden = drawn[..., 3] > 0.5
        if index == 0:
            body = seen = hidden
        else:
            seen = seen & ~hidden
    if passing is not None:
        columns = passing[1][frame] + np.arange(width)
        inside = (columns >= 0) & (columns < passing[0].shape[1])
        part = np.zeros((height, width, 4), np.float32)
        part[:, inside] = passing[0][:, columns[inside]]
        view = composite(view, part[..., :3], part[..., 3:])
        seen = seen & ~(part[..., 3] > 0.5)
    return view, body, seen


def _placed(actor: _Actor, camera: Camera, frame: int, size: tuple[int, int]) -> np.ndarray:
    """An actor in the frame, RGBA float32 (height, width, 4)."""
    drawn = actor.look.draw(camera, float(actor.heights[frame]), frame)
    rows, columns = drawn.shape[:2]
    left = round(float(actor.middles[frame, 0]) - columns / 2)
    top = round(float(actor.middles[frame, 1]) - rows / 2)
    placed = np.zeros((*size, 4), np.float32)
    here = slice(max(0, top), max(0, min(size[0], top + rows)))
    there = slice(max(0, left), max(0, min(size[1], left + columns)))
    placed[here, there] = drawn[
        here.start - top : here.stop - top, there.start - left : there.stop - left
    ]
    return placed


def _draw_actor(
    rng: np.random.Generator, camera: Camera, frames: int, size: tuple[int, int], *, is_person: bool
) -> _Actor:
    look: Walker | _Thing
    if is_person:
        look = Walker(
            draw_person(rng),
            draw_pose(rng, camera.yaws),
            0.3 + 0.4 * float(rng.random()),
            int(rng.integers(2**31)),
        )
    else:
        look = _draw_thing(rng)
    first = size[0] * _SMALLEST * (_TALLEST / _SMALLEST) ** rng.random()
    growth = _smooth(rng, frames, 1)[:, 0] * _GROWTH * 0.6
    low, high = size[0] * _SMALLEST * 0.85, size[0] * _TALLEST * 1.15
    heights = _reflected(np.log(first) + np.cumsum(growth), np.log(low), np.log(high))
    steps = _smooth(rng, frames, 2) * size[0] * _STEP * 0.7
    start = np.array([size[1], size[0]]) * rng.random(2)
    path = start + np.cumsum(steps, axis=0)
    tall = np.exp(heights)
    # So that the whole target stays in the frame.
    reach = np.stack([0.5 * tall, 0.6 * tall], axis=1).max(axis=0) + _JITTER
    limits = np.array([size[1], size[0]])
    middles = np.stack(
        [_reflected(path[:, axis], reach[axis], limits[axis] - reach[axis]) for axis in (0, 1)],
        axis=1,
    )
    return _Actor(look, middles, tall)


def _smooth(rng: np.random.Generator, frames: int, axes: int) -> np.ndarray:
    """Numbers from -1 to 1 that change slowly, (frames, axes)."""
    time = np.arange(frames)[:, None]
    total = np.zeros((frames, axes))
    for _ in range(3):
        period, phase = rng.uniform(8, 60, axes), rng.uniform(0, 2 * pi, axes)
        total += np.sin(2 * pi * time / period + phase)
    return total / 3


def _reflected(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Numbers that turn back where they would leave a range."""
    if high <= low:
        return np.full_like(values, (low + high) / 2)
    span = high - low
    folded = np.mod(values - low, 2 * span)
    result: np.ndarray = low + np.minimum(folded, 2 * span - folded)
    return result


def _draw_passing(
    rng: np.random.Generator, target: _Actor, frames: int, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray] | None:
    """Something that passes before the target once: RGBA, and its first column in each frame.

    The column is that of the picture at the left edge of the frame.
    """
    drawn = np.asarray(draw_occluder(rng, size[0], size[1]), np.float32) / 255
    happens, moment, speed = rng.random() < _OCCLUSION, rng.random(), rng.uniform(0.02, 0.05)
    covered = np.flatnonzero((drawn[..., 3] > 0.5).any(axis=0))
    if not happens or not len(covered):
        return None
    middle = int(frames * (0.3 + 0.5 * moment))
    sign = 1 if moment < 0.5 else -1
    moved = sign * speed * size[1] * (np.arange(frames) - middle)
    starts = covered.mean() - target.middles[middle, 0] - moved
    return drawn, np.rint(starts).astype(np.int64)


def _draw_thing(rng: np.random.Generator) -> _Thing:
    """A shape with a pattern of two colours."""
    ground, paint = (tuple(int(each) for each in rng.integers(0, 256, 3)) for _ in range(2))
    picture = Image.new("RGB", (_TEXTURE, _TEXTURE), ground)
    draw = ImageDraw.Draw(picture)
    step = int(rng.integers(8, 28))
    pattern = int(rng.integers(3))
    for at in range(0, _TEXTURE, 2 * step):
        if pattern == 0:
            draw.rectangle((at, 0, at + step, _TEXTURE), fill=paint)
        elif pattern == 1:
            draw.rectangle((0, at, _TEXTURE, at + step), fill=paint)
        else:
            x, y = (int(each) for each in rng.integers(0, _TEXTURE, 2))
            draw.ellipse((x - step, y - step, x + step, y + step), fill=paint)
    mask = Image.new("L", (_TEXTURE, _TEXTURE))
    shape = ImageDraw.Draw(mask)
    edge = _TEXTURE - 1
    outline = int(rng.integers(3))
    if outline == 0:
        shape.ellipse((0, 0, edge, edge), fill=255)
    elif outline == 1:
        shape.rectangle((0, 0, edge, edge), fill=255)
    else:
        top = edge * float(rng.random())
        shape.polygon([(0, edge), (top, 0), (edge, edge)], fill=255)
    picture.putalpha(mask)
    aspect = float(rng.uniform(0.5, 1.4))
    return _Thing(picture, aspect, float(rng.uniform(-20, 20)), float(rng.uniform(-1, 1)))


def _box(body: np.ndarray, left: int, top: int) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    return (
        int(columns[0]) - left + 1,
        int(rows[0]) - top + 1,
        int(columns[-1] - columns[0]) + 1,
        int(rows[-1] - rows[0]) + 1,
    )

"""Renders what several cameras see of the same people, one after the other, and who is where."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sin

import numpy as np
from PIL import Image

from bireid_deploy.data.synthetic.cameras import MAX_CAMERAS, Camera, draw_camera
from bireid_deploy.data.synthetic.light import composite, expose
from bireid_deploy.data.synthetic.people import draw_person
from bireid_deploy.data.synthetic.pose import draw_pose
from bireid_deploy.data.synthetic.scene import cut_scene, draw_scene
from bireid_deploy.data.synthetic.walker import Walker

CROSSING_VERSION = 1
"""Raised with every change that alters a pixel or a box."""

# Frames from one who enters to the next, and those that it takes to pass.
_GAP, _PASSAGE = 18, 48
# Frames from a person's entry at one camera to that at the next.
_WAY = 40
# Shares of the frame's height.
_SMALLEST, _TALLEST = 0.42, 0.6
# Of a figure's pixels that lie in the frame; with less it has no box.
_INSIDE = 0.3


@dataclass(frozen=True)
class PersonBox:
    """Where a person is.

    Attributes:
        person: Its number, from 1, the same at all cameras.
        corners: Left, top, right, bottom in pixels, inside the frame.
        visible: Share of the whole figure that can be seen, 0 to 1.
    """

    person: int
    corners: tuple[int, int, int, int]
    visible: float


@dataclass(frozen=True)
class CrossingFrame:
    """One frame, RGB, and all who have a box in it."""

    picture: Image.Image
    boxes: list[PersonBox]


@dataclass(frozen=True)
class _Passer:
    """A person on its way past one camera."""

    person: int
    walker: Walker
    enters: int  # frame
    rightwards: bool
    height: float  # pixels
    foot: float  # row


def crossing_frames(people: int, cameras: int) -> int:
    """Frames after which everybody has left every camera."""
    return (people - 1) * _GAP + (cameras - 1) * _WAY + _PASSAGE


def render_crossing(
    seed: int, camera: int, cameras: int, people: int, size: tuple[int, int]
) -> Iterator[CrossingFrame]:
    """Renders what one camera sees; it depends on the arguments alone.

    Args:
        seed: Seed of everything.
        camera: Which camera, from 0.
        cameras: How many there are, up to 9.
        people: How many people pass all of them.
        size: (height, width), pixels.
    """
    rng = np.random.default_rng([seed, 1, camera])
    height, width = size
    view = draw_camera(rng, camera, min(cameras, MAX_CAMERAS))
    street = np.asarray(cut_scene(rng, draw_scene(rng, height, width), width), np.float32) / 255
    passers = [_draw_passer(seed, rng, view, camera, each, height) for each in range(people)]
    # Those who stand lower are nearer.
    passers.sort(key=lambda each: each.foot)
    for frame in range(crossing_frames(people, cameras)):
        picture, boxes = _compose(street, view, passers, frame)
        yield CrossingFrame(expose(rng, picture, view), boxes)


def _draw_passer(
    seed: int, rng: np.random.Generator, view: Camera, camera: int, number: int, height: int
) -> _Passer:
    # Who it is does not depend on the camera, all else does.
    look = draw_person(np.random.default_rng([seed, 0, number]))
    pose = draw_pose(rng, view.yaws)
    near = float(rng.random())
    share = _SMALLEST + (_TALLEST - _SMALLEST) * near
    return _Passer(
        person=number + 1,
        walker=Walker(look, pose, 0.3 + 0.3 * float(rng.random()), int(rng.integers(2**31))),
        enters=number * _GAP + camera * _WAY,
        rightwards=sin(pose.yaw) >= 0,
        height=share * height,
        foot=height * (0.7 + 0.27 * near),
    )


def _compose(
    street: np.ndarray, view: Camera, passers: list[_Passer], frame: int
) -> tuple[np.ndarray, list[PersonBox]]:
    picture = street
    bodies: list[tuple[int, np.ndarray, int]] = []
    for each in passers:
        step = frame - each.enters
        if not 0 <= step < _PASSAGE:
            continue
        drawn, whole = _placed(each, view, step, (street.shape[0], street.shape[1]))
        picture = composite(picture, drawn[..., :3], drawn[..., 3:])
        bodies.append((each.person, drawn[..., 3] > 0.5, whole))
    boxes = []
    hidden = np.zeros(street.shape[:2], bool)
    for person, body, whole in reversed(bodies):
        if body.sum() >= _INSIDE * whole:
            rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
            corners = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
            visible = float((body & ~hidden).sum() / whole)
            boxes.append(PersonBox(person, corners, visible))
        hidden |= body
    return picture, sorted(boxes, key=lambda each: each.person)


def _placed(
    passer: _Passer, view: Camera, step: int, size: tuple[int, int]
) -> tuple[np.ndarray, int]:
    """A person in the frame, RGBA float32 (height, width, 4), and its pixels there and beyond."""
    drawn = passer.walker.draw(view, passer.height, step)
    rows, columns = drawn.shape[:2]
    way = (step + 0.5) / _PASSAGE
    middle = size[1] * (way if passer.rightwards else 1 - way)
    left, top = round(middle - columns / 2), round(passer.foot - rows)
    placed = np.zeros((*size, 4), np.float32)
    here = slice(max(0, top), max(0, min(size[0], top + rows)))
    there = slice(max(0, left), max(0, min(size[1], left + columns)))
    placed[here, there] = drawn[
        here.start - top : here.stop - top, there.start - left : there.stop - left
    ]
    return placed, int((drawn[..., 3] > 0.5).sum())

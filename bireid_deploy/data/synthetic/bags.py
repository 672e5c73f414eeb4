"""Backpack, handbag and satchel."""

from math import cos

from bireid_deploy.data.synthetic.canvas import Canvas, Projection
from bireid_deploy.data.synthetic.palette import Color, shade
from bireid_deploy.data.synthetic.people import Person
from bireid_deploy.data.synthetic.pose import TRUNK_DEPTH, Joint


def bag_center(person: Person, wrist: Joint) -> Joint:
    """Returns the middle of the bag in body coordinates; it decides what covers what."""
    if person.bag.kind == "backpack":
        return 0.0, 0.31, -TRUNK_DEPTH - 0.04
    if person.bag.kind == "satchel":
        return 0.125 * person.bag.side * person.girth, 0.5, 0.0
    return wrist[0], wrist[1] + 0.085, wrist[2]


def draw_bag(canvas: Canvas, person: Person, projection: Projection, wrist: Joint) -> None:
    """Draws the bag itself, without straps; `wrist` is the hand that carries a handbag."""
    size, color = person.bag.size, person.bag.color
    center = bag_center(person, wrist)
    if person.bag.kind == "backpack":
        half_width = projection.across(0.085, 0.05) * size
        _draw_box(canvas, projection, center, (half_width, 0.1 * size), color)
        _draw_box(
            canvas,
            projection,
            (0.0, center[1] + 0.05 * size, center[2] * 1.2),
            (half_width * 0.7, 0.035 * size),
            shade(color, 0.75),
        )
    elif person.bag.kind == "satchel":
        half_width = projection.across(0.035, 0.085) * size
        _draw_box(canvas, projection, center, (half_width, 0.062 * size), color)
    elif person.bag.kind == "handbag":
        handle = [projection.point(wrist), projection.point(center)]
        radius = projection.length(0.008, center[1])
        canvas.limb(handle, [radius, radius], shade(color, 0.7))
        half_width = projection.across(0.035, 0.075) * size
        _draw_box(canvas, projection, center, (half_width, 0.055 * size), color)


def draw_straps(canvas: Canvas, person: Person, projection: Projection) -> None:
    """Draws what holds the bag over the trunk."""
    strap = shade(person.bag.color, 0.8)
    radius = projection.length(0.012, 0.3)
    facing = cos(projection.yaw)
    if person.bag.kind == "backpack" and facing > 0.2:
        for side in (-1, 1):
            points = [(side * 0.075 * person.shoulders, y, TRUNK_DEPTH) for y in (0.18, 0.36)]
            canvas.limb([projection.point(joint) for joint in points], [radius] * 2, strap)
    elif person.bag.kind == "satchel":
        depth = TRUNK_DEPTH if facing > 0 else -TRUNK_DEPTH
        shoulder = (-0.07 * person.bag.side * person.shoulders, 0.175, depth * 0.5)
        hip = (0.11 * person.bag.side * person.girth, 0.45, depth)
        canvas.limb([projection.point(shoulder), projection.point(hip)], [radius * 0.9] * 2, strap)


def _draw_box(
    canvas: Canvas,
    projection: Projection,
    center: Joint,
    half_size: tuple[float, float],
    color: Color,
) -> None:
    column, row = projection.point(center)
    half_width = projection.length(half_size[0] * projection.width, center[1])
    half_height = projection.length(half_size[1], center[1])
    corner = 0.25 * min(half_width, half_height)
    canvas.polygon(
        [
            (column - half_width + corner, row - half_height),
            (column + half_width - corner, row - half_height),
            (column + half_width, row - half_height + corner),
            (column + half_width, row + half_height),
            (column - half_width, row + half_height),
            (column - half_width, row - half_height + corner),
        ],
        color,
    )

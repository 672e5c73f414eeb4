"""Draws one person in one pose, far parts first."""

from collections.abc import Callable
from math import sin

from PIL import Image

from bireid_deploy.data.synthetic.bags import bag_center, draw_bag, draw_straps
from bireid_deploy.data.synthetic.canvas import Canvas, Paint, Projection
from bireid_deploy.data.synthetic.fabric import darken, fabric
from bireid_deploy.data.synthetic.head import draw_hair_behind, draw_head
from bireid_deploy.data.synthetic.palette import shade
from bireid_deploy.data.synthetic.people import Person
from bireid_deploy.data.synthetic.pose import (
    HIP_Y,
    SHOULDER_Y,
    TRUNK_DEPTH,
    Joint,
    Limb,
    Pose,
    pose_skeleton,
)


def draw_figure(
    person: Person, pose: Pose, projection: Projection, height: int, width: int
) -> Image.Image:
    """Draws a person on a transparent RGBA picture of `height` rows and `width` columns."""
    canvas = Canvas(height, width)
    skeleton = pose_skeleton(person, pose)
    cloth = fabric(person.top, projection, height, width)
    carrying = skeleton.arms[0 if person.bag.side > 0 else 1][2]
    parts: list[tuple[float, Callable[[], None]]] = [
        (0.0, lambda: _draw_trunk(canvas, person, projection, cloth)),
        (0.03, lambda: draw_straps(canvas, person, projection)),
        (0.5, lambda: draw_head(canvas, person, projection)),
        # Hair on the back hides all else from behind and is hidden by all else from the front.
        (
            3 * projection.depth((0, 0, -1)),
            lambda: draw_hair_behind(canvas, person, projection),
        ),
        (
            projection.depth(bag_center(person, carrying)),
            lambda: draw_bag(canvas, person, projection, carrying),
        ),
    ]
    for leg in skeleton.legs:
        parts.append((projection.depth(leg[1]) - 1, _leg_drawer(canvas, person, projection, leg)))
    for arm in skeleton.arms:
        # Arms that hang at the sides are drawn over the trunk.
        depth = projection.depth(arm[1]) + 0.02
        parts.append((depth, _arm_drawer(canvas, person, projection, arm, cloth)))
    for _, draw in sorted(parts, key=lambda part: part[0]):
        draw()
    return canvas.image


def _draw_trunk(canvas: Canvas, person: Person, projection: Projection, cloth: Paint) -> None:
    if person.bottoms.kind == "skirt":
        _draw_tube(
            canvas,
            projection,
            [(HIP_Y - 0.06, 0.07), (HIP_Y, 0.092), (person.bottoms.hem, 0.085)],
            (0.8 + 0.2 * person.girth) * person.bottoms.width,
            person.bottoms.color,
        )
    else:
        _draw_tube(
            canvas,
            projection,
            [(HIP_Y - 0.06, 0.078), (HIP_Y + 0.04, 0.085)],
            person.girth,
            person.bottoms.color,
        )
    shoulder = 0.098 * person.shoulders / person.girth
    profile = [
        (SHOULDER_Y - 0.025, shoulder * 0.4),
        (SHOULDER_Y - 0.008, shoulder * 0.78),
        (SHOULDER_Y + 0.015, shoulder),
        (0.3, 0.092),
        (0.4, 0.08),
        (min(person.top.hem, 0.52), 0.09),
    ]
    if person.top.hem > 0.52:
        profile.append((person.top.hem, 0.104))
    _draw_tube(canvas, projection, profile, person.girth, cloth)


def _draw_tube(
    canvas: Canvas,
    projection: Projection,
    profile: list[tuple[float, float]],
    girth: float,
    paint: Paint,
) -> None:
    """Draws a body of elliptic sections; `profile` lists (height, half width)."""
    left, right = [], []
    for y, half_width in profile:
        column, row = projection.point((0, y, 0))
        depth = TRUNK_DEPTH * half_width / 0.085
        half = projection.length(projection.across(half_width, depth) * girth, y)
        left.append((column - half * projection.width, row))
        right.append((column + half * projection.width, row))
    canvas.polygon(left + right[::-1], paint)


def _leg_drawer(
    canvas: Canvas, person: Person, projection: Projection, leg: Limb
) -> Callable[[], None]:
    far = projection.depth(leg[1]) < projection.depth((0, leg[1][1], 0))
    light = 0.82 if far else 1.0

    def draw() -> None:
        _draw_foot(canvas, person, projection, leg[2], light)
        bare = shade(person.legs, light)
        _draw_limb(canvas, projection, leg, (0.05, 0.036, 0.022), person.girth, bare)
        if person.bottoms.kind == "skirt":
            return
        fit = person.bottoms.width * (0.5 + 0.5 * person.girth)
        covered = _cut(leg, person.bottoms.hem)
        radii = (0.056, 0.044, 0.034)[: len(covered)]
        _draw_limb(canvas, projection, covered, radii, fit, shade(person.bottoms.color, light))

    return draw


def _draw_foot(
    canvas: Canvas, person: Person, projection: Projection, ankle: Joint, light: float
) -> None:
    heel = (ankle[0], ankle[1] + 0.012, ankle[2] - 0.012)
    toe = (ankle[0], ankle[1] + 0.022, ankle[2] + 0.062)
    radius = projection.length(0.024, 1.0)
    points = [projection.point(heel), projection.point(toe)]
    canvas.limb(points, [radius, radius * 0.8], shade(person.shoes, light))


def _arm_drawer(
    canvas: Canvas, person: Person, projection: Projection, arm: Limb, cloth: Paint
) -> Callable[[], None]:
    # The arm towards the light is brighter than the trunk's side would be.
    light = 0.9 if arm[0][0] * sin(projection.yaw) <= 0 else 0.76

    def draw() -> None:
        skin = shade(person.skin, light)
        _draw_limb(canvas, projection, arm, (0.03, 0.024, 0.016), person.girth, skin)
        hand = projection.length(0.02, arm[2][1])
        canvas.ellipse(projection.point(arm[2]), hand, hand, skin)
        if person.top.sleeve > 0:
            end = arm[0][1] + person.top.sleeve * (arm[2][1] - arm[0][1])
            covered = arm if person.top.sleeve == 1 else _cut(arm, end)
            radii = (0.036, 0.032, 0.025)[: len(covered)]
            _draw_limb(canvas, projection, covered, radii, person.girth, darken(cloth, light))

    return draw


def _draw_limb(
    canvas: Canvas,
    projection: Projection,
    joints: tuple[Joint, ...],
    radii: tuple[float, ...],
    thickness: float,
    paint: Paint,
) -> None:
    canvas.limb(
        [projection.point(joint) for joint in joints],
        [
            projection.length(radius * (0.4 + 0.6 * thickness), joint[1])
            for joint, radius in zip(joints, radii, strict=True)
        ],
        paint,
    )


def _cut(limb: Limb, y: float) -> tuple[Joint, ...]:
    """Returns the part of a limb above height `y`."""
    start, middle, end = limb
    if y <= middle[1]:
        return start, _between(start, middle, y)
    return start, middle, _between(middle, end, y)


def _between(upper: Joint, lower: Joint, y: float) -> Joint:
    span = lower[1] - upper[1]
    share = min(1.0, max(0.0, (y - upper[1]) / span)) if span > 0 else 1.0
    return (
        upper[0] + share * (lower[0] - upper[0]),
        upper[1] + share * (lower[1] - upper[1]),
        upper[2] + share * (lower[2] - upper[2]),
    )

"""Head, hair and hat."""

from math import cos, sin

from bireid_deploy.data.synthetic.canvas import Canvas, Projection
from bireid_deploy.data.synthetic.palette import shade
from bireid_deploy.data.synthetic.people import Person
from bireid_deploy.data.synthetic.pose import SHOULDER_Y

_CENTER_Y = 0.078
_RADIUS_X, _RADIUS_Y = 0.045, 0.062


def draw_hair_behind(canvas: Canvas, person: Person, projection: Projection) -> None:
    """Draws the hair that hangs on the back: long hair, a bob or a ponytail."""
    hem = {"long": 0.29, "bob": 0.175, "ponytail": 0.27}.get(person.hair_style)
    if hem is None:
        return
    half_width, half_depth, back = (
        (0.02, 0.02, -0.055) if person.hair_style == "ponytail" else (0.056, 0.04, -0.022)
    )
    top = projection.point((0, _CENTER_Y, back))
    bottom = projection.point((0, hem, back * 1.2))
    radius = projection.length(projection.across(half_width, half_depth) * person.head, 0.1)
    canvas.limb([top, bottom], [radius, radius * 0.85], shade(person.hair, 0.92))


def draw_head(canvas: Canvas, person: Person, projection: Projection) -> None:
    """Draws neck, head, face, hair and hat."""
    radius_x = projection.length(_RADIUS_X * person.head, _CENTER_Y)
    radius_y = projection.length(_RADIUS_Y * person.head, _CENTER_Y)
    facing, turn = cos(projection.yaw), sin(projection.yaw)
    canvas.limb(
        [projection.point((0, 0.11, 0)), projection.point((0, SHOULDER_Y - 0.005, 0))],
        [radius_x * 0.55, radius_x * 0.62],
        shade(person.skin, 0.86),
    )
    center = projection.point((0, _CENTER_Y, 0.008))
    bald = person.hair_style == "bald"
    canvas.ellipse(center, radius_x, radius_y, person.skin if bald else person.hair)
    if facing > -0.6 and not bald:
        # The face turns with the body until only hair is left.
        face_width = radius_x * min(0.88, 0.62 + 0.5 * max(facing, -0.6))
        face = (center[0] + 0.3 * radius_x * turn, center[1] + 0.2 * radius_y)
        canvas.ellipse(face, face_width, radius_y * 0.8, person.skin)
        if facing > 0.3:
            _draw_fringe(canvas, person, center, (radius_x, radius_y))
    if person.hair_style == "bun":
        bun = projection.point((0, 0.022, -0.035))
        canvas.ellipse(bun, radius_x * 0.55, radius_x * 0.55, person.hair)
    _draw_hat(canvas, person, projection, center, (radius_x, radius_y))


def _draw_fringe(
    canvas: Canvas, person: Person, center: tuple[float, float], radii: tuple[float, float]
) -> None:
    (x, y), (radius_x, radius_y) = center, radii
    canvas.polygon(
        [
            (x - 0.85 * radius_x, y - 0.25 * radius_y),
            (x - 0.6 * radius_x, y - 0.85 * radius_y),
            (x + 0.6 * radius_x, y - 0.85 * radius_y),
            (x + 0.85 * radius_x, y - 0.25 * radius_y),
            (x, y - 0.5 * radius_y),
        ],
        person.hair,
    )


def _draw_hat(
    canvas: Canvas,
    person: Person,
    projection: Projection,
    center: tuple[float, float],
    radii: tuple[float, float],
) -> None:
    if person.hat == "none":
        return
    (x, y), (radius_x, radius_y) = center, radii
    crown_y = y - 0.45 * radius_y
    canvas.ellipse((x, crown_y), radius_x * 1.1, radius_y * 0.62, person.hat_color)
    rim_y = crown_y + 0.3 * radius_y
    if person.hat == "beanie":
        canvas.limb(
            [(x - 0.9 * radius_x, rim_y), (x + 0.9 * radius_x, rim_y)],
            [radius_y * 0.16] * 2,
            shade(person.hat_color, 0.8),
        )
    elif person.hat == "brim":
        canvas.ellipse((x, rim_y), radius_x * 1.9, radius_y * 0.2, shade(person.hat_color, 0.85))
    elif cos(projection.yaw) > -0.5:
        peak_x = x + 1.0 * radius_x * sin(projection.yaw)
        canvas.ellipse((peak_x, rim_y), radius_x * 0.9, radius_y * 0.15, person.hat_color)

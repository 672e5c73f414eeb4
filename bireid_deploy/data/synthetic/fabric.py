"""The cloth of a top: its pattern as a picture of the canvas' size."""

from math import cos, sin

import numpy as np
from PIL import Image

from bireid_deploy.data.synthetic.canvas import Paint, Projection
from bireid_deploy.data.synthetic.palette import shade
from bireid_deploy.data.synthetic.people import Garment
from bireid_deploy.data.synthetic.pose import TRUNK_DEPTH

_CHEST_Y = 0.29
_YOKE_Y = 0.31


def fabric(garment: Garment, projection: Projection, height: int, width: int) -> Paint:
    """Returns the colour of a plain top, or the picture `(height, width)` of a patterned one."""
    if garment.pattern == "plain":
        return garment.color
    rows, columns = np.ogrid[:height, :width]
    y = (rows - projection.top) / projection.scale
    x = (columns - projection.center - projection.shear * (rows - projection.top)) / (
        projection.scale * projection.width
    )
    second = np.broadcast_to(_second_color(garment, projection, x, y), (height, width))
    colors = np.array([garment.color, garment.second_color], np.uint8)
    return Image.fromarray(colors[second.astype(np.intp)])


def darken(paint: Paint, factor: float) -> Paint:
    """Returns a darker paint, as for the side that faces away from the light."""
    if isinstance(paint, Image.Image):
        return paint.point(lambda value: value * factor)
    return shade(paint, factor)


def _second_color(
    garment: Garment, projection: Projection, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Returns where the pattern has its second colour, boolean, broadcastable to the canvas."""
    stripe_y = (y / garment.period) % 1 < 0.5
    facing = cos(projection.yaw)
    match garment.pattern:
        case "stripes":
            return stripe_y
        case "pinstripes":
            return (x / (0.6 * garment.period)) % 1 < 0.4
        case "check":
            return stripe_y ^ ((x / garment.period) % 1 < 0.5)
        case "logo":
            # A print on chest and back, narrowed as the body turns away.
            center = TRUNK_DEPTH * sin(projection.yaw) * (1 if facing > 0 else -1)
            half_width = garment.period * abs(facing)
            return (abs(x - center) < half_width) & (abs(y - _CHEST_Y) < 0.7 * garment.period)
        case "two-tone":
            return y + 0 * x > _YOKE_Y + garment.period / 2
        case _:
            # An open jacket shows the shirt beneath, seen from the front only.
            center = 1.3 * TRUNK_DEPTH * sin(projection.yaw)
            half_width = 0.55 * garment.period * max(0.0, facing)
            return (abs(x - center) < half_width) & (y > 0.17)

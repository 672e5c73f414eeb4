"""From body coordinates to pixels, and the few shapes that a body is drawn with."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, hypot, sin

from PIL import Image, ImageDraw

from bireid_deploy.data.synthetic.palette import Color
from bireid_deploy.data.synthetic.pose import Joint

Point = tuple[float, float]
Paint = Color | Image.Image
"""A colour, or an RGB picture of the canvas' size that shows through the shape."""


@dataclass(frozen=True)
class Projection:
    """How a camera maps a body to pixels.

    Attributes:
        center: Pixel column of the body's axis.
        top: Pixel row of the top of the head.
        scale: Pixels per body height.
        width: Horizontal stretch.
        tilt: How much a camera above the street enlarges the head over the feet.
        shear: Sideways lean, columns per row.
        yaw: Turn of the body, radians.
    """

    center: float
    top: float
    scale: float
    width: float
    tilt: float
    shear: float
    yaw: float

    def point(self, joint: Joint) -> Point:
        """Returns the pixel (column, row) of a point in body coordinates."""
        x, y, z = joint
        across = x * cos(self.yaw) + z * sin(self.yaw)
        column = self.center + self.scale * self.width * across * self._zoom(y)
        # The integral of the zoom, so that height and width are enlarged alike.
        row = self.top + self.scale * (y + self.tilt * (y - y * y) / 2)
        return column + self.shear * (row - self.top - self.scale / 2), row

    def depth(self, joint: Joint) -> float:
        """Returns how far a point lies before the body's axis, seen from the camera."""
        x, _, z = joint
        return z * cos(self.yaw) - x * sin(self.yaw)

    def across(self, half_width: float, half_depth: float) -> float:
        """Returns the visible half width of an upright elliptic cylinder."""
        return hypot(half_width * cos(self.yaw), half_depth * sin(self.yaw))

    def length(self, value: float, y: float) -> float:
        """Returns a length in body units at height `y`, in pixels."""
        return self.scale * value * self._zoom(y)

    def _zoom(self, y: float) -> float:
        return 1 + self.tilt * (0.5 - y)


class Canvas:
    """A transparent picture to draw body parts on."""

    def __init__(self, height: int, width: int) -> None:
        self.image = Image.new("RGBA", (width, height))
        self._draw = ImageDraw.Draw(self.image)

    def polygon(self, points: Sequence[Point], paint: Paint) -> None:
        """Fills a polygon."""
        if isinstance(paint, Image.Image):
            mask = Image.new("L", self.image.size)
            ImageDraw.Draw(mask).polygon(points, fill=255)
            self.image.paste(paint, mask=mask)
        else:
            self._draw.polygon(points, fill=paint)

    def ellipse(self, center: Point, radius_x: float, radius_y: float, paint: Paint) -> None:
        """Fills an upright ellipse."""
        x, y = center
        box = (x - radius_x, y - radius_y, x + radius_x, y + radius_y)
        if isinstance(paint, Image.Image):
            mask = Image.new("L", self.image.size)
            ImageDraw.Draw(mask).ellipse(box, fill=255)
            self.image.paste(paint, mask=mask)
        else:
            self._draw.ellipse(box, fill=paint)

    def limb(self, points: Sequence[Point], radii: Sequence[float], paint: Paint) -> None:
        """Fills a chain of tapered segments with round joints."""
        for (start, end), (first, last) in zip(pairwise(points), pairwise(radii), strict=True):
            dx, dy = end[0] - start[0], end[1] - start[1]
            length = hypot(dx, dy) or 1.0
            nx, ny = -dy / length, dx / length
            self.polygon(
                [
                    (start[0] + nx * first, start[1] + ny * first),
                    (end[0] + nx * last, end[1] + ny * last),
                    (end[0] - nx * last, end[1] - ny * last),
                    (start[0] - nx * first, start[1] - ny * first),
                ],
                paint,
            )
        for point, radius in zip(points, radii, strict=True):
            self.ellipse(point, radius, radius, paint)

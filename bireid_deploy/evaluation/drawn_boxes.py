"""Pictures with the boxes that were found in them."""

from collections.abc import Sequence
from pathlib import Path

from bireid_runtime import Detection
from bireid_runtime.images import load_image
from PIL import Image, ImageDraw

# Told apart by people who cannot tell red from green (Okabe and Ito).
_COLORS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (204, 121, 167), (240, 228, 66))


def draw_boxes(path: Path, found: Sequence[Detection]) -> Image.Image:
    """Draw boxes, each with class and score, on an image.

    Args:
        path: Image file.
        found: What was found in it.

    Raises:
        ImageError: The image cannot be decoded.
    """
    picture = Image.fromarray(load_image(path))
    draw = ImageDraw.Draw(picture)
    width = max(1, round(min(picture.size) / 200))
    names = sorted({each.name for each in found})
    for each in reversed(found):
        color = _COLORS[names.index(each.name) % len(_COLORS)]
        left, top, right, bottom = each.box
        # The last pixel belongs to the drawn rectangle.
        corners = (left, top, max(left, right - 1), max(top, bottom - 1))
        draw.rectangle(corners, outline=color, width=width)
        text = f"{each.name} {each.score:.2f}"
        place = draw.textbbox((left + width, top + width), text)
        draw.rectangle(place, fill=color)
        draw.text((left + width, top + width), text, fill=(0, 0, 0))
    return picture

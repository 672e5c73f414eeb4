"""Frames with the box of a target, as a folder of pictures or as one animated picture."""

from pathlib import Path

import numpy as np
from bireid_runtime.files import naming
from PIL import Image, ImageDraw

_COLOR = (230, 159, 0)
_LOST_COLOR = (86, 180, 233)
_SURE = 0.5
_GIF_SIDE = 480
_GIF_MILLISECONDS = 80

Sides = tuple[float, float, float, float]
"""Left, top, width, height in pixels, 0 at the edge of the frame."""


def draw_track(pixels: np.ndarray, box: Sides, score: float) -> Image.Image:
    """Draw the box and its score; blue where the score is below a half.

    Args:
        pixels: uint8 RGB (H, W, 3).
        box: Where the target is.
        score: 0 to 1.
    """
    picture = Image.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    left, top, width, height = box
    color = _COLOR if score >= _SURE else _LOST_COLOR
    # The last pixel belongs to the drawn rectangle.
    corners = (left, top, left + max(0.0, width - 1), top + max(0.0, height - 1))
    draw.rectangle(corners, outline=color, width=max(1, round(min(picture.size) / 200)))
    text = f"{score:.2f}"
    place = draw.textbbox((left, top), text, anchor="lb")
    draw.rectangle(place, fill=color)
    draw.text((left, top), text, fill=(0, 0, 0), anchor="lb")
    return picture


class DrawnTrack:
    """Gathers drawn frames: into an animated GIF if the path ends in `.gif`, else into a folder.

    Args:
        path: The GIF, or the folder, which is made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_gif = path.suffix.lower() == ".gif"
        self._pictures: list[Image.Image] = []
        self._count = 0

    def add(self, picture: Image.Image) -> None:
        """Keep one frame; of a GIF it is made small, since all are in memory until the end."""
        self._count += 1
        if self._is_gif:
            picture.thumbnail((_GIF_SIDE, _GIF_SIDE))
            self._pictures.append(picture.convert("P", palette=Image.Palette.ADAPTIVE))
            return
        self._path.mkdir(parents=True, exist_ok=True)
        path = self._path / f"{self._count:06d}.jpg"
        with naming(path):
            picture.save(path, quality=90)

    def finish(self) -> int:
        """Write what is left to write; returns the number of frames."""
        if self._is_gif and self._pictures:
            first, *others = self._pictures
            with naming(self._path):
                first.save(
                    self._path,
                    save_all=True,
                    append_images=others,
                    duration=_GIF_MILLISECONDS,
                    loop=0,
                )
        return self._count

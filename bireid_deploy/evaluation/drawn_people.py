"""Frames of a camera with the people who were seen there, as a video or an animated picture."""

import os
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from PIL import Image, ImageDraw

from bireid_deploy.evaluation.drawn_tracks import DrawnTrack

GIF_FRAMES = 600
"""Frames that a GIF takes: all are in memory until its end."""

# Okabe and Ito's, which colour-blind people tell apart, without black.
_COLORS = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
_NOBODY = (190, 190, 190)


def draw_people(
    pixels: np.ndarray, corners: np.ndarray, people: Iterable[int | None], names: Iterable[str]
) -> Image.Image:
    """Draw boxes with names; a person has one colour everywhere, nobody known is grey.

    Args:
        pixels: uint8 RGB (H, W, 3).
        corners: (N, 4): left, top, right, bottom in pixels, 0 at the edge.
        people: Number of each box's person, or None.
        names: What stands above each box.
    """
    picture = Image.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    width = max(1, round(min(picture.size) / 200))
    for (left, top, right, bottom), person, name in zip(
        corners.tolist(), people, names, strict=True
    ):
        color = _NOBODY if person is None else _COLORS[person % len(_COLORS)]
        # The last pixel belongs to the drawn rectangle.
        draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), None, color, width)
        place = draw.textbbox((left, top), name, anchor="lb")
        # Whoever is at the top of the frame has the name inside of the box.
        down = max(0, -place[1])
        draw.rectangle((place[0], place[1] + down, place[2], place[3] + down), fill=color)
        draw.text((left, top + down), name, fill=(0, 0, 0), anchor="lb")
    return picture


class DrawnVideo:
    """Writes pictures as an MP4 (MPEG-4 part 2, which FFmpeg encodes itself), or a GIF.

    The file is there when all is written, and not before.

    Args:
        path: The file, `.mp4` or `.gif`; of a GIF the first `GIF_FRAMES` pictures are taken.
        rate: Pictures per second of an MP4.
    """

    def __init__(self, path: Path, rate: float) -> None:
        self._path, self._rate = path, rate
        self._part = path.with_name(f".part-{path.name}")
        self._gif = DrawnTrack(self._part) if path.suffix == ".gif" else None
        self._video: Any = None
        self._stream: Any = None
        self.count = 0

    def add(self, picture: Image.Image, number: int) -> None:
        """Take the picture of a frame; numbers count from 1 and rise, some may be missing."""
        self.count += 1
        if self._gif is not None:
            if self.count <= GIF_FRAMES:
                self._gif.add(picture)
            return
        import av

        if self._video is None:
            self._open(picture.size)
        # Two by two pixels share a colour, so that sides are even.
        even = picture.crop((0, 0, self._stream.width, self._stream.height))
        frame = av.VideoFrame.from_image(even)
        frame.pts = number - 1
        self._video.mux(self._stream.encode(frame))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        try:
            if self._gif is not None and kind is None:
                self._gif.finish()
            if self._video is not None:
                self._video.mux(self._stream.encode())
                self._video.close()
            if kind is None and self.count:
                os.replace(self._part, self._path)
        finally:
            self._part.unlink(missing_ok=True)

    def _open(self, size: tuple[int, int]) -> None:
        import av

        rate = Fraction(self._rate).limit_denominator(1001)
        self._video = av.open(str(self._part), "w", format="mp4")
        self._stream = self._video.add_stream("mpeg4", rate=rate)
        self._stream.width, self._stream.height = (max(2, side // 2 * 2) for side in size)
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = 1 / rate
        self._stream.bit_rate = 40 * size[0] * size[1]

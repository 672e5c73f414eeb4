"""SiamFC's loop: a target is marked in one frame and found again in each that follows."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bireid_runtime.errors import ArgumentError, ImageError
from bireid_runtime.exact_functions import sigmoid
from bireid_runtime.matching import Matching
from bireid_runtime.responses import exemplar_of, seek
from bireid_runtime.search_crops import MAX_CROP_SIDE, cut_square, mean_color

TrackedSides = tuple[float, float, float, float]
"""Left, top, width and height in pixels, 0 at the edge of the frame."""

# Times the first size; whatever grows or shrinks further is not the target.
_LEAST, _MOST = 0.2, 5.0


@dataclass(frozen=True)
class TrackedBox:
    """Where the target is in a frame.

    Attributes:
        box: Left, top, width, height in pixels, 0 at the edge of the frame; it may reach beyond.
        score: 0 to 1, how well the place matches the first frame; a low one means a lost target.
    """

    box: TrackedSides
    score: float


class Follower:
    """The state of one target.

    Args:
        maps: From crops, uint8 (n, n, C), to float32 (N, H, W, D).
        matching: How maps become places.
        input_side: Rows and columns of the network's input.
    """

    def __init__(
        self,
        maps: Callable[[Sequence[np.ndarray]], np.ndarray],
        matching: Matching,
        input_side: int,
    ) -> None:
        self._maps = maps
        self._matching = matching
        self._input_side = input_side
        middle = matching.scales // 2
        # By repeated multiplication, as in C++.
        self._scales = [1.0]
        for _ in range(middle):
            self._scales.append(self._scales[-1] * matching.scale_step)
            self._scales.insert(0, 1.0 / self._scales[-1])
        self._shape: tuple[int, ...] | None = None

    def start(self, frame: np.ndarray, box: Sequence[float]) -> None:
        """Take a target; a former one is forgotten.

        Args:
            frame: uint8 (H, W, C).
            box: Left, top, width, height in pixels, 0 at the edge of the frame.

        Raises:
            ArgumentError: The box is none, its middle lies outside the frame, or it is too large.
        """
        left, top, width, height = _checked_sides(box)
        rows, columns = frame.shape[:2]
        x, y = left + (width - 1) / 2, top + (height - 1) / 2
        if not (-0.5 <= x <= columns - 0.5 and -0.5 <= y <= rows - 0.5):
            raise ArgumentError(
                f"box {list(box)}: its middle lies outside the frame of {columns}x{rows} pixels"
            )
        context = self._matching.context * (width + height)
        side = self._matching.search_scale * math.sqrt((width + context) * (height + context))
        if side * self._scales[-1] > MAX_CROP_SIDE:
            raise ArgumentError(
                f"box {list(box)}: is searched for in {side:.0f} pixels, over {MAX_CROP_SIDE}; "
                "make the frames smaller"
            )
        self._shape = frame.shape
        self._fill = mean_color(frame)
        self._x, self._y, self._width, self._height, self._side = x, y, width, height, side
        self._limits = (_LEAST * side, min(_MOST * side, MAX_CROP_SIDE / self._scales[-1]))
        crop = cut_square(frame, (x, y), side, self._fill)
        self._exemplar = exemplar_of(self._maps([crop])[0], self._matching)

    def update(self, frame: np.ndarray) -> TrackedBox:
        """Find the target in the next frame.

        Args:
            frame: uint8 (H, W, C), as large as the first one.

        Raises:
            ArgumentError: No target was taken.
            ImageError: The frame has another shape.
        """
        if self._shape is None:
            raise ArgumentError("no target: call start with a frame and a box first")
        if frame.shape != self._shape:
            raise ImageError(f"frame has shape {frame.shape}; the first one had {self._shape}")
        matching, middle = self._matching, (self._x, self._y)
        crops = [cut_square(frame, middle, self._side * each, self._fill) for each in self._scales]
        place = seek(self._exemplar, self._maps(crops), matching)
        self._move(place.row, place.column, self._scales[place.scale])
        left, top = self._x - (self._width - 1) / 2, self._y - (self._height - 1) / 2
        return TrackedBox(
            (left, top, self._width, self._height),
            float(sigmoid(place.peak + matching.response_bias)),
        )

    def _move(self, row: int, column: int, scale: float) -> None:
        matching = self._matching
        # From places of the response to pixels of the input, then to those of the frame.
        step = matching.stride / matching.upsampling * self._side * scale / self._input_side
        middle = (matching.response_side - 1) / 2
        assert self._shape is not None
        rows, columns = self._shape[:2]
        self._x = min(max(self._x + (column - middle) * step, 0.0), columns - 1.0)
        self._y = min(max(self._y + (row - middle) * step, 0.0), rows - 1.0)
        growth = (1.0 - matching.scale_rate) + matching.scale_rate * scale
        if self._limits[0] <= self._side * growth <= self._limits[1]:
            self._side *= growth
            self._width *= growth
            self._height *= growth


def _checked_sides(box: Sequence[float]) -> TrackedSides:
    sides = [float(each) for each in box]
    if len(sides) != 4 or not all(math.isfinite(each) for each in sides):
        raise ArgumentError(f"box {list(box)}: must be four numbers: left, top, width, height")
    left, top, width, height = sides
    if min(width, height) < 1 or max(map(abs, sides)) > 1e6:
        raise ArgumentError(f"box {list(box)}: width and height must be at least 1 pixel")
    return left, top, width, height

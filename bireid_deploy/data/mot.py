"""Text files of MOTChallenge: frame, identity, left, top, width, height, score, ...

The first frame and the first pixel are 1 there.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bireid_deploy.data.bounded_text import read_bounded
from bireid_deploy.errors import DatasetError

_COLUMNS = 7
_MAX_BYTES = 256 * 1024 * 1024
_LARGEST = 1e6


@dataclass(frozen=True, eq=False)
class MotBoxes:
    """Boxes of one frame.

    Attributes:
        numbers: int64 (N,), whose each is; -1 of a detection.
        corners: float64 (N, 4): left, top, right, bottom in pixels, 0 at the edge.
        scores: float64 (N,), 0 to 1.
    """

    numbers: np.ndarray
    corners: np.ndarray
    scores: np.ndarray


NO_BOXES = MotBoxes(np.empty(0, np.int64), np.empty((0, 4)), np.empty(0))


def read_mot(path: Path) -> dict[int, MotBoxes]:
    """Read boxes by frame; lines with a score of 0 or less are left out, as the format says.

    Raises:
        DatasetError: A line is damaged; it is named.
    """
    lines = read_bounded(path, _MAX_BYTES).splitlines()
    rows: dict[int, list[list[float]]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        values = _values(line, f"{path}:{number}")
        if values[6] > 0:
            rows.setdefault(int(values[0]), []).append(values)
    return {frame: _boxes(np.array(values)) for frame, values in rows.items()}


def mot_line(frame: int, number: int, corners: tuple[float, ...], score: float) -> str:
    """One line, from corners whose 0 is the edge."""
    left, top, right, bottom = corners
    return (
        f"{frame},{number},{left + 1:.2f},{top + 1:.2f},{right - left:.2f},{bottom - top:.2f},"
        f"{score:.4f},-1,-1,-1\n"
    )


def _values(line: str, place: str) -> list[float]:
    try:
        values = [float(each) for each in line.split(",")[:_COLUMNS]]
    except ValueError:
        values = []
    if len(values) != _COLUMNS or not all(abs(each) <= _LARGEST for each in values):
        raise DatasetError(f"{place}: not frame,identity,left,top,width,height,score")
    frame, identity, _, _, width, height, _ = values
    if frame < 1 or frame != int(frame) or identity != int(identity) or min(width, height) <= 0:
        raise DatasetError(f"{place}: frames count from 1, sizes are above 0: {line[:60]!r}")
    return values


def _boxes(values: np.ndarray) -> MotBoxes:
    low = values[:, 2:4] - 1
    corners = np.concatenate([low, low + values[:, 4:6]], axis=1)
    return MotBoxes(values[:, 1].astype(np.int64), corners, np.minimum(values[:, 6], 1.0))

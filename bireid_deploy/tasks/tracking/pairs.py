"""The training split of a tracker in memory: crops around targets, and pairs of them."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime.errors import ImageError
from bireid_runtime.images import load_image
from bireid_runtime.resize import resize_bilinear
from bireid_runtime.search_crops import MAX_CROP_SIDE, cut_square, mean_color

from bireid_deploy.data.sequences import MarkedSequence, SequenceDataset
from bireid_deploy.errors import DatasetError
from bireid_deploy.tasks.tracking.section import TrackingSection

SEARCH_SCALE = 2.0
"""Side of a search crop by side of the exemplar's."""

# Which frames teach, as in siamfc-pytorch 3957205: pixels, sides, shares of the frame, aspect.
_LEAST_AREA = 20.0
_LARGEST_SIDE = 500.0
_SHARES = (0.01, 0.5)
_ASPECTS = (0.25, 4.0)
_LEAST_VISIBLE = 0.3


@dataclass(frozen=True)
class TrackingData:
    """The training split.

    Attributes:
        crops: uint8 (N, S, S, 3), a target in the middle of each: a search crop and its rim.
        numbers: int64 (N,), position of each in its sequence.
        starts: int64 (M + 1,), where the crops of each sequence begin in `crops`, and their end.
        description: What the record says about the data, JSON-serialisable.
        skipped: Files that could not be decoded, with the reason.
    """

    crops: np.ndarray
    numbers: np.ndarray
    starts: np.ndarray
    description: dict[str, Any]
    skipped: tuple[tuple[Path, str], ...]

    @property
    def sequences(self) -> int:
        """M."""
        return len(self.starts) - 1


def rim_of(side: int, options: TrackingSection) -> int:
    """Pixels around a search crop of `side` that stretching and shifting may reach."""
    return int(np.ceil(side * options.stretch / 2)) + options.shift + 1


def load_tracking_data(
    dataset: SequenceDataset,
    side: int,
    options: TrackingSection,
    on_progress: Callable[[int, int], None] | None = None,
) -> TrackingData:
    """Decode frames of every training sequence and cut out their targets.

    Args:
        dataset: Data set.
        side: Rows and columns of the network's input.
        options: How many frames, and how far crops are changed.
        on_progress: Called with (sequences done, sequences in all).

    Raises:
        DatasetError: No sequence is left that shows its target twice.
    """
    crops: list[np.ndarray] = []
    numbers: list[int] = []
    starts = [0]
    skipped: list[tuple[Path, str]] = []
    for done, sequence in enumerate(dataset.train, start=1):
        found = _crops(sequence, side, options, skipped)
        if len(found) >= 2:
            crops += [crop for _, crop in found]
            numbers += [number for number, _ in found]
            starts.append(len(crops))
        if on_progress is not None:
            on_progress(done, len(dataset.train))
    if not crops:
        why = f"; the first: {skipped[0][0]}: {skipped[0][1]}" if skipped else ""
        raise DatasetError(
            f"{dataset.root}: none of {len(dataset.train)} training sequences shows its target in "
            f"two frames of a usable size{why}"
        )
    left_out = len(dataset.train) - (len(starts) - 1)
    description = {
        "name": dataset.name,
        "sequences": len(starts) - 1,
        "crops": len(crops),
        "skipped": len(skipped),
        "remarks": [f"{left_out} sequences do not show their target twice"] if left_out else [],
    }
    return TrackingData(
        np.stack(crops),
        np.array(numbers, np.int64),
        np.array(starts, np.int64),
        description,
        tuple(skipped),
    )


def usable(
    boxes: np.ndarray, visible: np.ndarray, size: tuple[int, int], least_side: float
) -> np.ndarray:
    """Which frames of a sequence teach: bool (N,).

    Args:
        boxes: float64 (N, 4), left, top, width, height; NaN where there is none.
        visible: float64 (N,), share of the target that can be seen.
        size: (height, width) of the frames.
        least_side: Pixels that a target must have on both sides.
    """
    sides = np.nan_to_num(boxes[:, 2:], nan=0.0)
    aspect = sides[:, 0] / np.maximum(sides[:, 1], 1e-9)
    shares = sides / np.array([size[1], size[0]])
    keeps: np.ndarray = sides.prod(axis=1) >= _LEAST_AREA
    keeps &= ((sides >= least_side) & (sides <= _LARGEST_SIDE)).all(axis=1)
    keeps &= ((shares >= _SHARES[0]) & (shares <= _SHARES[1])).all(axis=1)
    keeps &= (aspect >= _ASPECTS[0]) & (aspect <= _ASPECTS[1])
    keeps &= visible > max(1 / 8, _LEAST_VISIBLE * float(visible.max()))
    return keeps


def _crops(
    sequence: MarkedSequence,
    side: int,
    options: TrackingSection,
    skipped: list[tuple[Path, str]],
) -> list[tuple[int, np.ndarray]]:
    """Crops of the frames that teach, spread evenly, with their numbers."""
    if not sequence.frames:
        return []
    try:
        size = load_image(sequence.frames[0]).shape[:2]
    except ImageError as error:
        skipped.append((sequence.frames[0], str(error)))
        return []
    chosen = np.flatnonzero(
        usable(sequence.boxes, sequence.visible, (size[0], size[1]), options.least_side)
    )
    wanted = options.frames_per_sequence
    if len(chosen) > wanted:
        chosen = chosen[np.linspace(0, len(chosen) - 1, wanted).round().astype(int)]
    found = []
    for number in chosen.tolist():
        try:
            frame = load_image(sequence.frames[number])
        except ImageError as error:
            skipped.append((sequence.frames[number], str(error)))
        else:
            found.append((number, crop_of(frame, sequence.boxes[number], side, options)))
    return found


def crop_of(frame: np.ndarray, box: np.ndarray, side: int, options: TrackingSection) -> np.ndarray:
    """The target in the middle of a search crop with its rim: uint8 (S, S, 3).

    Args:
        frame: uint8 RGB (H, W, 3).
        box: float64 (4,), left, top, width, height; 1 is the first pixel.
        side: Rows of the network's input.
        options: Context, and how wide the rim is.
    """
    left, top, width, height = box.tolist()
    context = options.context * (width + height)
    whole = side + 2 * rim_of(side, options)
    wide = SEARCH_SCALE * sqrt((width + context) * (height + context)) * whole / side
    middle = (left - 1 + (width - 1) / 2, top - 1 + (height - 1) / 2)
    crop = cut_square(frame, middle, min(wide, MAX_CROP_SIDE), mean_color(frame))
    return resize_bilinear(crop, whole, whole)

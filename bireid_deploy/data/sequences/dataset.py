"""What every layout of sequences is read into."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bireid_deploy.data.folders import LeftOut

MAX_FRAMES = 100_000
"""In one sequence."""

FULL_COVER = 8
"""A cover of 8 means that all of the target can be seen, one of 0 that none of it can."""


@dataclass(frozen=True, slots=True, eq=False)
class MarkedSequence:
    """One target in the frames of one camera.

    Attributes:
        name: Name for reports.
        frames: Image files, in their order.
        boxes: float64 (N, 4), left, top, width, height in pixels; 1 is the first pixel, as in the
            files. A row of NaN: the target is not marked there.
        cover: int64 (N,), 0 to `FULL_COVER`; None if the data set does not say.
        left_out: What else lies among the frames, with the reason.
    """

    name: str
    frames: tuple[Path, ...]
    boxes: np.ndarray
    cover: np.ndarray | None = None
    left_out: LeftOut = ()

    @property
    def visible(self) -> np.ndarray:
        """Which share of the target can be seen, float64 (N,); 1 where nothing is said."""
        if self.cover is None:
            return np.ones(len(self.frames))
        share: np.ndarray = self.cover / FULL_COVER
        return share


@dataclass(frozen=True)
class SequenceDataset:
    """The sequences of one data set.

    Attributes:
        name: Name for reports.
        root: Folder that they were found in.
        train: To train with; empty for a data set to measure on.
        test: To measure on; empty for one to train with.
        left_out: What lies among them and is not read, with the reason.
    """

    name: str
    root: Path
    train: tuple[MarkedSequence, ...]
    test: tuple[MarkedSequence, ...]
    left_out: LeftOut = ()

"""Which box of a frame is whose of the frames before: tracks of one camera.

SORT (Bewley et al., arXiv:1602.00763) with the second round of ByteTrack (Zhang et al.,
arXiv:2110.06864), in which unsure boxes may continue a track but start none.
"""

from dataclasses import dataclass, field

import numpy as np

from bireid_runtime.boxes import iou
from bireid_runtime.errors import ArgumentError
from bireid_runtime.watching.assignment import assign
from bireid_runtime.watching.motion import Motion


@dataclass(frozen=True)
class AssociationRules:
    """When boxes make a track.

    Attributes:
        sure: Boxes of this score or more start tracks, 0 to 1.
        overlap: IoU with the expected place that a sure box needs, above 0 and up to 1.
        unsure_overlap: The same of the other boxes.
        confirm: Boxes, one per frame, after which a track counts.
        patience: Frames without a box after which a track ends.
        most_tracks: Tracks of a camera at a time; boxes beyond start none and are counted.
    """

    sure: float = 0.5
    overlap: float = 0.25
    unsure_overlap: float = 0.5
    confirm: int = 3
    patience: int = 30
    most_tracks: int = 256

    def __post_init__(self) -> None:
        for name in ("sure", "overlap", "unsure_overlap"):
            if not 0 <= getattr(self, name) <= 1:
                raise ArgumentError(f"{name} is {getattr(self, name)}; it must lie in 0..1")
        for name in ("confirm", "patience", "most_tracks"):
            if getattr(self, name) < 1:
                raise ArgumentError(f"{name} is {getattr(self, name)}; it must be 1 or more")


@dataclass(eq=False)
class Track:
    """One target.

    Attributes:
        number: From 1, by the order in which tracks were confirmed; 0 until then.
        motion: Where it is expected.
        boxes: How many boxes it has.
        last: Frame of the last one.
    """

    number: int
    motion: Motion
    boxes: int
    last: int


@dataclass(frozen=True)
class Associated:
    """What became of the boxes of a frame.

    Attributes:
        tracks: Per box its track, confirmed or not, or None.
        ended: Tracks that are over; those that never counted have the number 0.
    """

    tracks: list[Track | None]
    ended: list[Track]


@dataclass(eq=False)
class Associator:
    """The tracks of one camera; `first_number` is that of the first one."""

    rules: AssociationRules = field(default_factory=AssociationRules)
    first_number: int = 1
    refused: int = 0

    def __post_init__(self) -> None:
        self.tracks: list[Track] = []
        self.next_number = self.first_number
        self._frame: int | None = None

    def update(self, corners: np.ndarray, scores: np.ndarray, frame: int) -> Associated:
        """Take in the boxes of one frame.

        Args:
            corners: (N, 4): left, top, right, bottom, pixels, of positive area.
            scores: (N,), 0 to 1.
            frame: Its number; numbers rise, and may leave some out.

        Raises:
            ArgumentError: `frame` is not later than the last one.
        """
        steps = 1 if self._frame is None else frame - self._frame
        if steps < 1:
            raise ArgumentError(f"frame {frame} does not come after {self._frame}")
        self._frame = frame
        wide = np.asarray(corners, np.float64).reshape(-1, 4)
        expected = np.array([track.motion.predict(steps) for track in self.tracks]).reshape(-1, 4)
        free = np.ones(len(self.tracks), bool)
        owner: list[Track | None] = [None] * len(wide)
        sure = np.asarray(scores) >= self.rules.sure
        for chosen, least in ((sure, self.rules.overlap), (~sure, self.rules.unsure_overlap)):
            rows, columns = np.flatnonzero(free), np.flatnonzero(chosen)
            for row, column in _pairs(expected[rows], wide[columns], least):
                track, box = self.tracks[rows[row]], int(columns[column])
                track.motion.correct(wide[box])
                self._count(track, frame)
                free[rows[row]] = False
                owner[box] = track
        self._start(wide, np.flatnonzero(sure), owner, frame)
        return Associated(owner, self._end(frame))

    def close(self) -> list[Track]:
        """End all tracks."""
        ended, self.tracks = self.tracks, []
        return ended

    def _start(
        self, corners: np.ndarray, sure: np.ndarray, owner: list[Track | None], frame: int
    ) -> None:
        for box in sure:
            if owner[box] is not None:
                continue
            if len(self.tracks) >= self.rules.most_tracks:
                self.refused += 1
                continue
            track = Track(0, Motion(corners[box]), 0, frame)
            self._count(track, frame)
            self.tracks.append(track)
            owner[box] = track

    def _count(self, track: Track, frame: int) -> None:
        track.boxes, track.last = track.boxes + 1, frame
        if track.boxes == self.rules.confirm:
            track.number, self.next_number = self.next_number, self.next_number + 1

    def _end(self, frame: int) -> list[Track]:
        """Drop who was not seen for long, at once if the track never counted."""
        kept: list[Track] = []
        ended: list[Track] = []
        for track in self.tracks:
            patience = self.rules.patience if track.number else 0
            (kept if frame - track.last <= patience else ended).append(track)
        self.tracks = kept
        return ended


def _pairs(expected: np.ndarray, corners: np.ndarray, least: float) -> list[tuple[int, int]]:
    """Rows and columns that overlap by `least` or more, so that the overlap in all is largest."""
    if not len(expected) or not len(corners):
        return []
    overlap = iou(expected, corners)
    allowed = (overlap >= least) & (overlap > 0)
    # A pair that is not allowed costs as much as none.
    rows, columns = assign(np.where(allowed, 1 - overlap, 1.0))
    return [(r, c) for r, c in zip(rows, columns, strict=True) if allowed[r, c]]

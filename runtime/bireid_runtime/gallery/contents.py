"""All that a gallery holds, for a copy without loss."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Entries:
    """Some entries whole; every tuple has N elements.

    Attributes:
        numbers: Their numbers, rising.
        people: Numbers of their people, or None.
        cameras: Names of the cameras, or None.
        at: Seconds since 1970.
        expires: When each goes, or None.
        sources: What each was made of, or None.
        thumbnails: JPEG bytes, or None.
        vectors: float32 (N, D).
    """

    numbers: tuple[int, ...]
    people: tuple[int | None, ...]
    cameras: tuple[str | None, ...]
    at: tuple[float, ...]
    expires: tuple[float | None, ...]
    sources: tuple[str | None, ...]
    thumbnails: tuple[bytes | None, ...]
    vectors: np.ndarray

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True, eq=False)
class Contents:
    """A gallery at one moment.

    Attributes:
        people: Number, label and time of making of each.
        related: Fingerprints that `relate` was told, with the notes.
        cameras: Statistics of cameras, as `CameraStatistics.to_bytes`.
        calibration: JSON that `calibrate` was given, or None.
        entries: All entries, some thousand at a time; read while the gallery is held still.
    """

    people: tuple[tuple[int, str | None, float], ...]
    related: dict[str, str]
    cameras: dict[str, bytes]
    calibration: str | None
    entries: Iterator[Entries] = field(repr=False)

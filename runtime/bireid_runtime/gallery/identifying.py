"""Whether a query is one of a gallery's people: its cosine with the mean of each one's entries."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from bireid_runtime.calibration import Calibration
from bireid_runtime.errors import ArgumentError
from bireid_runtime.gallery.records import Match, Verdict
from bireid_runtime.search import products

# People whose means are compared: those with the nearest entries.
_CANDIDATES = 20


class People(Protocol):
    """The people of one state of a gallery."""

    def nearest_people(self, query: np.ndarray, count: int) -> list[int]:
        """Those with the nearest entries, the nearest first."""

    def mean_of_person(self, person: int) -> np.ndarray:
        """The mean of a person's embeddings at unit length, float32 (D,)."""

    def label_of(self, person: int) -> str | None:
        """What a person is called."""


def match_people(
    people: People,
    queries: np.ndarray,
    same: float,
    different: float,
    calibration: Calibration | None,
) -> list[Match]:
    """See `GalleryStore.match`.

    The mean over several entries tells people apart better than the best single entry; it is taken
    of those people whose entries are nearest.
    """
    means: dict[int, np.ndarray] = {}
    matches = []
    for query in queries:
        nearest = people.nearest_people(query, _CANDIDATES)
        for person in nearest:
            if person not in means:
                means[person] = people.mean_of_person(person)
        if not nearest:
            matches.append(Match("different", None, None, -1.0))
            continue
        scores = products(np.stack([means[person] for person in nearest]), query)
        best = int(np.argmax(scores))
        score = float(scores[best])
        rate = None if calibration is None else calibration.rate(score)
        label = people.label_of(nearest[best])
        matches.append(Match(_verdict(score, same, different), nearest[best], label, score, rate))
    return matches


def thresholds(
    calibration: Calibration | None,
    same: float | None,
    different: float | None,
    fmr: float | None,
    fpir: float | None,
    count_people: Callable[[], int],
    source: object,
) -> tuple[float, float]:
    """From which score on people are the same, and below which they are different.

    Args:
        calibration: That of the gallery.
        same: As for `GalleryStore.match`; likewise `different`, `fmr` and `fpir`.
        different: See `same`.
        fmr: See `same`.
        fpir: See `same`.
        count_people: How many people the gallery has.
        source: The gallery, for messages.

    Raises:
        ArgumentError: As `match`.
    """
    if sum(each is not None for each in (same, fmr, fpir)) != 1:
        raise ArgumentError("give one of same, fmr and fpir")
    if same is None:
        if calibration is None:
            raise ArgumentError(
                f"{source}: not calibrated, so scores have no rates; run `calibrate` with "
                "--gallery, or give same"
            )
        if fmr is not None:
            row = calibration.row(fmr)
        else:
            row = calibration.row_for_gallery(fpir or 0.0, count_people())
        same, different = row.threshold, calibration.rows[0].threshold
    lower = same if different is None else different
    if lower > same:
        raise ArgumentError(f"different is {lower}, above same, {same}")
    return same, lower


def _verdict(score: float, same: float, different: float) -> Verdict:
    if score >= same:
        return "same"
    return "different" if score < different else "undecided"

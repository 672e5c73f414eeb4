"""From the crops of a track to a person of a gallery."""

from dataclasses import dataclass

import numpy as np

from bireid_runtime.comparing import ordered_norm
from bireid_runtime.errors import ArgumentError, RateNotShownError
from bireid_runtime.gallery import GalleryStore, Match

# A score is a cosine: above none, and below none.
_NEVER_SAME, _NEVER_DIFFERENT = 2.0, -1.0


@dataclass(frozen=True)
class Thresholds:
    """What the scores mean, as `Gallery.match` takes it: one of `same`, `fmr` and `fpir`.

    Raises:
        ArgumentError: Not one of them.
    """

    same: float | None = None
    different: float | None = None
    fmr: float | None = None
    fpir: float | None = None

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.same, self.fmr, self.fpir)) != 1:
            raise ArgumentError("give one of same, fmr and fpir: from which score on it is whom")


@dataclass(frozen=True)
class Identity:
    """Who it is.

    Attributes:
        match: What the gallery said.
        person: Number of the person: that of `match` if it is the same, a new one of a stranger
            that was remembered, else None.
        entry: Number of the new entry of the gallery, or None.
        rated: Whether the calibration could say what its score stands for.
    """

    match: Match
    person: int | None
    entry: int | None
    rated: bool = True


def identify(
    gallery: GalleryStore,
    rows: np.ndarray,
    thresholds: Thresholds,
    *,
    camera: str,
    at: float,
    source: str,
    remember: bool,
) -> Identity:
    """Ask a gallery who is on crops of one target, by the mean of their embeddings.

    Args:
        gallery: The gallery.
        rows: float32 (N, D), N above 0, rows of unit length.
        thresholds: What the scores mean.
        camera: Where the target was seen.
        at: When, seconds since 1970.
        source: What the entry is called.
        remember: Add the mean to the gallery: to the person that it is, as a new person if it is
            none of them, as a sighting of nobody if that is undecided. A source that is there at
            that time already is not added again.

    Returns:
        Who it is: undecided, and not `rated`, if the gallery has more people than its calibration
        can state the rate of false matches for.

    Raises:
        ArgumentError, GalleryError: As `Gallery.match` and `Gallery.add`.
    """
    mean = rows.astype(np.float64).mean(axis=0)
    length = ordered_norm(mean)
    # Embeddings that cancel out have no direction: then the first, of the best crop, stands.
    query = (mean / length).astype(np.float32) if length > 1e-6 else rows[0]
    rated = True
    try:
        (match,) = gallery.match(
            query, thresholds.same, thresholds.different, fmr=thresholds.fmr, fpir=thresholds.fpir
        )
    except RateNotShownError:
        # A gallery that learns outgrows its calibration: who it is then stays undecided.
        rated = False
        (match,) = gallery.match(query, _NEVER_SAME, _NEVER_DIFFERENT)
    person = match.person if match.verdict == "same" else None
    if not remember:
        return Identity(match, person, None, rated)
    entries = gallery.add(query, camera=camera, at=at, source=source)
    if not entries:
        return Identity(match, person, None, rated)
    if match.verdict != "undecided":
        own = gallery.split(entries)
        if person is None:
            person = own
        else:
            gallery.merge_people(person, own)
    return Identity(match, person, entries[0], rated)

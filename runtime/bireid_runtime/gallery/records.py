"""What goes into a gallery and what comes out."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Verdict = Literal["same", "different", "undecided"]


@dataclass(frozen=True, eq=False)
class Records:
    """Embeddings and what is known of each; every tuple has N elements.

    Attributes:
        vectors: float32 (N, D), finite.
        fingerprint: The network that they come from.
        people: Labels of the people; None for a sighting of nobody known.
        cameras: Names of the cameras, or None.
        at: When, seconds since 1970.
        sources: What each was made of, such as a file; None if nothing says so.
    """

    vectors: np.ndarray
    fingerprint: str
    people: tuple[str | None, ...]
    cameras: tuple[str | None, ...]
    at: tuple[float, ...]
    sources: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True)
class Hit:
    """An entry that resembles a query.

    Attributes:
        entry: Its number in the gallery.
        score: Cosine with the query, -1 to 1.
        person: Number of its person, or None.
        label: What the person is called, or None.
        camera: Its camera, or None.
        at: When, seconds since 1970.
        source: What it was made of, or None.
    """

    entry: int
    score: float
    person: int | None
    label: str | None
    camera: str | None
    at: float
    source: str | None


@dataclass(frozen=True)
class Entry:
    """An entry without its embedding; the attributes are those of `Hit`."""

    entry: int
    person: int | None
    label: str | None
    camera: str | None
    at: float
    source: str | None


@dataclass(frozen=True)
class Match:
    """Whether a query is one of the people of a gallery.

    Attributes:
        verdict: `same`: it is `person`; `different`: it is none of them; `undecided`: the score
            lies between the two thresholds.
        person: The person that it resembles most, or None if the gallery has none.
        label: What that person is called, or None.
        score: Cosine with the mean of that person's entries, at unit length; -1 without a person.
        fmr: The lowest false-match rate of the calibration that the score keeps to; None without
            one, or below all of its thresholds.
    """

    verdict: Verdict
    person: int | None
    label: str | None
    score: float
    fmr: float | None = None


@dataclass(frozen=True)
class Person:
    """A person of a gallery; `entries` is how many it has."""

    person: int
    label: str | None
    entries: int
    first: float | None
    last: float | None


@dataclass(frozen=True)
class Stats:
    """What a gallery holds: counts, per camera too, and its size in bytes."""

    entries: int
    people: int
    sightings: int
    cameras: dict[str, int]
    dim: int
    fingerprint: str
    related: dict[str, str]
    retention_days: float | None
    first: float | None
    last: float | None
    bytes: int

"""What the service says, as pydantic models: the OpenAPI description is made of them."""

from typing import Literal

from bireid_runtime.errors import ArgumentError
from bireid_runtime.gallery import GalleryStore
from bireid_runtime.gallery.records import Entry, Hit, Match, Person, Stats
from pydantic import BaseModel, Field


class Embedding(BaseModel):
    """An embedding and the network that it comes from."""

    fingerprint: str
    embedding: list[float]


class Found(BaseModel):
    """Who is on an image: a label, `person N`, or unknown; and the entries that resemble it."""

    answer: str
    verdict: Literal["same", "different", "undecided", "uncalibrated"]
    person: int | None
    score: float | None
    fmr: float | None
    why: str | None
    hits: list[Hit]


class Verified(BaseModel):
    """Whether an image is of a person; `hit` is the entry of that person nearest to it."""

    same: bool | None
    why: str | None
    threshold: float | None
    hit: Hit


class Added(BaseModel):
    """The new entry."""

    entry: int
    person: int | None


class Removed(BaseModel):
    """How many entries went."""

    removed: int


class Change(BaseModel):
    """What a person is called from now on, or whose an entry is; null for nobody named."""

    label: str | None = Field(min_length=1, max_length=200)


class Naming(BaseModel):
    """What a person is called from now on."""

    label: str = Field(min_length=1, max_length=200)


class Listed(BaseModel):
    """A gallery and what it holds."""

    name: str
    stats: Stats


def found(hits: list[Hit], match: Match | None, why: str | None) -> Found:
    """The answer to a search; `why` says why there is no verdict."""
    if match is None:
        return Found(
            answer="unknown",
            verdict="uncalibrated",
            person=None,
            score=None,
            fmr=None,
            why=why,
            hits=hits,
        )
    known = match.verdict == "same"
    return Found(
        answer=match.label or f"person {match.person}" if known else "unknown",
        verdict=match.verdict,
        person=match.person if known else None,
        score=match.score,
        fmr=match.fmr,
        why=None,
        hits=hits,
    )


def threshold_of(gallery: GalleryStore, fmr: float) -> tuple[float | None, str | None]:
    """The score from which on two images show one person, or why there is none."""
    calibration = gallery.calibration()
    if calibration is None:
        return None, "the gallery is not calibrated: run `bireid-deploy calibrate --gallery`"
    try:
        return calibration.row(fmr).threshold, None
    except ArgumentError as error:
        return None, str(error)


__all__ = [
    "Added",
    "Change",
    "Embedding",
    "Entry",
    "Found",
    "Hit",
    "Listed",
    "Naming",
    "Person",
    "Removed",
    "Verified",
    "found",
    "threshold_of",
]

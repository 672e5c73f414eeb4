"""What the service says, as pydantic models: the OpenAPI description is made of them."""

from typing import Annotated, Literal

from bireid_runtime.calibration import Calibration, CalibrationRow
from bireid_runtime.errors import ArgumentError
from bireid_runtime.gallery import GalleryStore
from bireid_runtime.gallery.records import Entry, Hit, Match, Person, Stats
from pydantic import BaseModel, Field


class Problem(BaseModel):
    """What is wrong, in one line."""

    detail: str


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


class OtherPerson(BaseModel):
    """Who else a person is: a label, or a number."""

    other: str = Field(min_length=1, max_length=200)


class Split(BaseModel):
    """Entries, and whose they are from now on; null for somebody new without a label."""

    entries: list[Annotated[int, Field(ge=1, le=2**63 - 1)]] = Field(min_length=1, max_length=10000)
    label: str | None = Field(min_length=1, max_length=200)


class Listed(BaseModel):
    """A gallery and what it holds, and whether small crops are kept of what is enrolled."""

    name: str
    keeps_crops: bool
    stats: Stats


class Rate(BaseModel):
    """A share, and its interval of 95 %."""

    value: float
    low: float
    high: float


class RatedThreshold(BaseModel):
    """A threshold: `target` is the false-match rate asked for, the others are measured."""

    target: float
    threshold: float
    fmr: Rate
    tpr: Rate


class Rates(BaseModel):
    """What scores mean: thresholds of an image with a person, and (`single`) with an image."""

    data: str
    identities: int
    people: list[RatedThreshold]
    single: list[RatedThreshold]


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


def rates_of(calibration: Calibration) -> Rates:
    """A calibration as the service tells it."""

    def told(row: CalibrationRow) -> RatedThreshold:
        fmr, tpr = (
            Rate(value=value, low=low, high=high) for value, low, high in (row.fmr, row.tpr)
        )
        return RatedThreshold(target=row.target, threshold=row.threshold, fmr=fmr, tpr=tpr)

    return Rates(
        data=calibration.data,
        identities=calibration.identities,
        people=[told(row) for row in calibration.rows],
        single=[told(row) for row in calibration.single],
    )


def threshold_of(gallery: GalleryStore, fmr: float) -> tuple[float | None, str | None]:
    """The score from which on two images show one person, or why there is none."""
    calibration = gallery.calibration()
    if calibration is None:
        return None, "the gallery is not calibrated: run `bireid-deploy calibrate --gallery`"
    try:
        return calibration.row_of_images(fmr).threshold, None
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
    "OtherPerson",
    "Person",
    "Rates",
    "Removed",
    "Split",
    "Verified",
    "found",
    "rates_of",
    "threshold_of",
]

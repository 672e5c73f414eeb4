"""What every layout is read into: samples, and the three splits of a Re-ID data set."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from bireid_deploy.data.folders import LeftOut
from bireid_deploy.errors import DatasetError

JUNK = -1
"""Person id of a badly cropped detection; dropped before ranking."""

DISTRACTOR = 0
"""Person id of a detection of nobody in the query list; stays in the gallery as a non-match."""

MAX_NUMBER = 2**31 - 1
"""Of people and cameras: what files of embeddings and their readers keep."""

SplitName = Literal["train", "query", "gallery"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)


@dataclass(frozen=True, slots=True)
class Sample:
    """One image and its labels.

    Attributes:
        path: Image file.
        person_id: 1 and up for a known person, `DISTRACTOR` or `JUNK`.
        camera_id: Counts from 0.

    Raises:
        DatasetError: A number is above `MAX_NUMBER`.
    """

    path: Path
    person_id: int
    camera_id: int

    def __post_init__(self) -> None:
        for what, number in (("person", self.person_id), ("camera", self.camera_id)):
            if number > MAX_NUMBER:
                raise DatasetError(
                    f"{self.path}: its {what} exceeds {MAX_NUMBER}; give smaller numbers"
                )


@dataclass(frozen=True)
class SplitSummary:
    """Counts of one split.

    Attributes:
        identities: Distinct known people.
        images: Images that take part: known people and distractors.
        cameras: Distinct cameras.
        distractors: Images of distractors, included in `images`.
        junk: Junk images, not included in `images`.
    """

    identities: int
    images: int
    cameras: int
    distractors: int
    junk: int


@dataclass(frozen=True)
class ReIdDataset:
    """The training, query and gallery images of one data set, in sorted order.

    Attributes:
        name: Name for reports.
        root: Folder that the images were found in.
        train: Images of the training people.
        query: Images to search with.
        gallery: Images to search in; may hold distractors and junk.
        splits: Those that were asked for; the others are empty.
        left_out: What lies among them and is not read, with the reason.
        remarks: What a person should know of how it was read, a line each.

    Raises:
        DatasetError: A split is empty, or a training or query image is not of a known person.
    """

    name: str
    root: Path
    train: tuple[Sample, ...]
    query: tuple[Sample, ...]
    gallery: tuple[Sample, ...]
    splits: tuple[SplitName, ...] = SPLITS
    left_out: LeftOut = ()
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for split in self.splits:
            if not getattr(self, split):
                raise DatasetError(
                    f"the {split} split of {self.name!r} in {self.root} is empty; "
                    "check that the data set was unpacked completely"
                )
        for split in ("train", "query"):
            for sample in getattr(self, split):
                if sample.person_id <= DISTRACTOR:
                    raise DatasetError(
                        f"{sample.path} has person id {sample.person_id}, but only the gallery may "
                        f"hold junk or distractors; move it out of the {split} split"
                    )

    def summary(self) -> dict[SplitName, SplitSummary]:
        """Returns the counts of each split that was asked for."""
        return {split: _summarise(getattr(self, split)) for split in self.splits}


def class_labels(samples: Sequence[Sample]) -> np.ndarray:
    """Returns class labels 0..n-1, int64 `(len(samples),)`, in the order of sorted person ids."""
    person_ids = np.array([sample.person_id for sample in samples], np.int64)
    return np.unique(person_ids, return_inverse=True)[1].astype(np.int64)


def _summarise(samples: Sequence[Sample]) -> SplitSummary:
    junk = sum(sample.person_id == JUNK for sample in samples)
    return SplitSummary(
        identities=len({s.person_id for s in samples if s.person_id > DISTRACTOR}),
        images=len(samples) - junk,
        cameras=len({sample.camera_id for sample in samples}),
        distractors=sum(sample.person_id == DISTRACTOR for sample in samples),
        junk=junk,
    )

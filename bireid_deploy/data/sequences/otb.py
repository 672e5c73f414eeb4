"""OTB (Wu, Lim, Yang 2013 and 2015), the layout of our rendered sequences too.

A sequence is a folder with `img/` and `groundtruth_rect.txt`; of two targets in the same frames
there are `groundtruth_rect.1.txt` and `.2.txt`. The data set is such a folder, a folder of them
(all are to measure on), or one with `train/` and `test/`.
"""

from pathlib import Path

from bireid_deploy.data.folders import LeftOut
from bireid_deploy.data.sequences.dataset import MarkedSequence
from bireid_deploy.data.sequences.files import (
    list_folders,
    list_frames,
    read_boxes,
    read_cover,
    require_as_many,
)
from bireid_deploy.data.use import Use

FRAMES = "img"
BOXES = "groundtruth_rect.txt"
COVER = "cover.label"

# First and last frame of those of which a part alone is marked (got-10k/toolkit 956e728).
_PARTS = {
    "david": (300, 770),
    "football1": (1, 74),
    "freeman3": (1, 460),
    "freeman4": (1, 283),
    "diving": (1, 215),
}


def is_otb(root: Path) -> bool:
    """Whether a folder looks like it."""
    folders = (root, *list_folders(root), *list_folders(root / "train"), *_tested(root))
    return any(_truths(each) for each in folders)


def read_otb(
    root: Path, use: Use = "all"
) -> tuple[list[MarkedSequence], list[MarkedSequence], LeftOut]:
    """The sequences to train with, those to measure on, and the folders that are neither.

    Raises:
        DatasetError: A file is missing or malformed.
    """
    if _truths(root):
        return [], _read(root) if use != "train" else [], ()
    train = list_folders(root / "train") if use != "test" else ()
    tested: tuple[Path, ...] = ()
    if use != "train":
        is_split = (root / "train").is_dir() or (root / "test").is_dir()
        tested = _tested(root) if is_split else list_folders(root)
    without = (each for each in (*train, *tested) if not _truths(each))
    left_out = tuple((each, f"without {FRAMES}/ and {BOXES}") for each in without)
    return (
        [each for folder in train for each in _read(folder)],
        [each for folder in tested for each in _read(folder)],
        left_out,
    )


def _tested(root: Path) -> tuple[Path, ...]:
    return list_folders(root / "test")


def _truths(folder: Path) -> list[Path]:
    if not (folder / FRAMES).is_dir():
        return []
    return sorted(folder.glob("groundtruth_rect*.txt"))


def _read(folder: Path) -> list[MarkedSequence]:
    truths = _truths(folder)
    found = []
    for path in truths:
        # `groundtruth_rect.2.txt` of Jogging is the sequence Jogging.2.
        target = path.name.removeprefix("groundtruth_rect").removesuffix(".txt")
        (frames, left_out), boxes = list_frames(folder / FRAMES), read_boxes(path)
        part = _PARTS.get(folder.resolve().name.lower())
        if part is not None and len(frames) != len(boxes):
            frames = frames[part[0] - 1 : part[1]]
        require_as_many(path, len(boxes), len(frames))
        cover = read_cover(folder / COVER)
        if cover is not None:
            require_as_many(folder / COVER, len(cover), len(frames))
        found.append(MarkedSequence(folder.resolve().name + target, frames, boxes, cover, left_out))
    return found

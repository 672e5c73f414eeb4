"""GOT-10k (Huang, Zhao, Huang 2019): `train/` to train with, `val/` to measure on.

A sequence is a folder with its frames, `groundtruth.txt` and `cover.label`; a `list.txt` beside
them names those that count. The boxes of `test/` are withheld.
"""

from pathlib import Path

from bireid_deploy.data.folders import LeftOut
from bireid_deploy.data.sequences.dataset import MarkedSequence
from bireid_deploy.data.sequences.files import (
    list_folders,
    list_frames,
    read_boxes,
    read_cover,
    read_lines,
    require_as_many,
)
from bireid_deploy.data.use import Use
from bireid_deploy.errors import DatasetError

BOXES = "groundtruth.txt"
_SPLITS = ("train", "val")
# Notes on a sequence lie among its frames.
_BESIDE = (".txt", ".label", ".ini")


def is_got10k(root: Path) -> bool:
    """Whether a folder looks like it."""
    return any(
        (folder / BOXES).is_file() for split in _SPLITS for folder in list_folders(root / split)
    )


def read_got10k(
    root: Path, use: Use = "all"
) -> tuple[list[MarkedSequence], list[MarkedSequence], LeftOut]:
    """The sequences to train with, those to measure on, and the folders that no list names.

    Raises:
        DatasetError: A file is missing or malformed.
    """
    unneeded = {"all": "", "train": "val", "test": "train"}[use]
    listed = {split: [] if split == unneeded else _listed(root / split) for split in _SPLITS}
    train, test = ([_read(folder) for folder in listed[split]] for split in _SPLITS)
    left_out = tuple(
        (folder, "not in list.txt")
        for split in _SPLITS
        if split != unneeded
        for folder in list_folders(root / split)
        if folder not in listed[split]
    )
    return train, test, left_out


def _listed(folder: Path) -> list[Path]:
    """The folders of a split, as its list says or as they lie there."""
    listing = folder / "list.txt"
    if not listing.is_file():
        return list(list_folders(folder))
    names = [line.strip() for line in read_lines(listing) if line.strip()]
    # A name that leads elsewhere is none of these.
    known = {each.name for each in list_folders(folder)}
    for name in names:
        if name not in known:
            raise DatasetError(f"{listing}: names {name[:60]!r}, which is no folder beside it")
    return [folder / name for name in names]


def _read(folder: Path) -> MarkedSequence:
    frames, left_out = list_frames(folder, _BESIDE)
    boxes = read_boxes(folder / BOXES)
    require_as_many(folder / BOXES, len(boxes), len(frames))
    cover = read_cover(folder / "cover.label")
    if cover is not None:
        require_as_many(folder / "cover.label", len(cover), len(frames))
    return MarkedSequence(folder.name, frames, boxes, cover, left_out)

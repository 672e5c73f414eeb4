"""Market-1501 and the data sets that share its folders and file names.

    bounding_box_train/0002_c1s1_000451_03.jpg      person 2, camera 1
    query/0001_c1s1_001051_00.jpg
    bounding_box_test/-1_c3s2_000123_01.jpg         junk; 0000_... is a distractor

DukeMTMC-reID (`0005_c2_f0046985.jpg`) follows the same pattern.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from bireid_deploy.data.dataset import SPLITS, ReIdDataset, Sample, SplitName
from bireid_deploy.data.folders import LeftOut, list_folder, unread
from bireid_deploy.data.layouts.found import FoundLayout, best
from bireid_deploy.errors import DatasetError

TITLE = "Market-1501"
SPLIT_FOLDERS = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}
USUAL_ROOTS = ("Market-1501-v15.09.15", "DukeMTMC-reID")
LOOKED_FOR = "bounding_box_train/, query/ and bounding_box_test/"

_NAME = re.compile(r"(-1|\d+)_c(\d+)")


def find(root: Path, splits: Sequence[SplitName] = SPLITS) -> FoundLayout | None:
    """Looks for the layout in `root` and in its usual subfolders.

    Args:
        root: Folder to look in.
        splits: Those whose folders it needs.
    """
    return best(_look(folder, splits) for folder in (root, *(root / name for name in USUAL_ROOTS)))


def read(
    folder: Path, splits: Sequence[SplitName] = SPLITS, name: str | None = None
) -> ReIdDataset:
    """Reads a folder in which nothing that `splits` need is missing.

    Args:
        folder: Holds the split folders.
        splits: Those to read.
        name: Name for reports; the folder's own name if None.

    Raises:
        DatasetError: A split is empty or a file name does not follow the pattern.
    """
    read_splits: dict[SplitName, tuple[Sample, ...]] = {"train": (), "query": (), "gallery": ()}
    left_out: LeftOut = ()
    for split in splits:
        found = list_folder(folder / SPLIT_FOLDERS[split])
        read_splits[split] = tuple(map(_parse, found.files))
        left_out += found.left_out
        left_out += unread(found.folders, f"in a folder below {SPLIT_FOLDERS[split]}/")
    return ReIdDataset(
        name or folder.resolve().name,
        folder,
        read_splits["train"],
        read_splits["query"],
        read_splits["gallery"],
        splits=tuple(splits),
        left_out=left_out,
    )


def camera_of(name: str) -> int | None:
    """The camera that a file name states, from 1; None if it states none."""
    match = _NAME.match(name)
    return None if match is None or int(match[2]) < 1 else int(match[2])


def is_split(folder: Path) -> bool:
    """Whether a folder is one of the three itself."""
    return folder.resolve().name in SPLIT_FOLDERS.values() and _has_names(folder)


def _look(folder: Path, splits: Sequence[SplitName]) -> FoundLayout | None:
    present = {name for name in SPLIT_FOLDERS.values() if (folder / name).is_dir()}
    # Anything may have a folder called query.
    if not present or (present == {"query"} and not _has_names(folder / "query")):
        return None
    missing = (SPLIT_FOLDERS[split] for split in splits)
    return FoundLayout(folder, tuple(f"{name}/" for name in missing if name not in present))


def _has_names(folder: Path) -> bool:
    return any(camera_of(path.name) is not None for path in list_folder(folder).files)


def _parse(path: Path) -> Sample:
    match, camera = _NAME.match(path.name), camera_of(path.name)
    if match is None or camera is None:
        raise DatasetError(
            f"{path} is not named like 0002_c1s1_000451_03.jpg (person, camera from 1, ...); "
            "rename or remove it"
        )
    return Sample(path, int(match[1]), camera - 1)

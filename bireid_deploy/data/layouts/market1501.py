"""Market-1501 and the data sets that share its folders and file names.

    bounding_box_train/0002_c1s1_000451_03.jpg      person 2, camera 1
    query/0001_c1s1_001051_00.jpg
    bounding_box_test/-1_c3s2_000123_01.jpg         junk; 0000_... is a distractor

DukeMTMC-reID (`0005_c2_f0046985.jpg`) follows the same pattern.
"""

import re
from pathlib import Path

from bireid_deploy.data.dataset import ReIdDataset, Sample
from bireid_deploy.data.layouts.files import list_images
from bireid_deploy.errors import DatasetError

SPLIT_FOLDERS = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}
USUAL_ROOTS = ("Market-1501-v15.09.15", "DukeMTMC-reID")
LOOKED_FOR = "bounding_box_train/, query/ and bounding_box_test/"

_NAME = re.compile(r"(-1|\d+)_c(\d+)")


def find(root: Path) -> Path | None:
    """Returns the folder with the three splits: `root` or its usual subfolder, or None."""
    for folder in (root, *(root / name for name in USUAL_ROOTS)):
        if all((folder / split).is_dir() for split in SPLIT_FOLDERS.values()):
            return folder
    return None


def read(folder: Path, name: str | None = None) -> ReIdDataset:
    """Reads a folder returned by `find`.

    Args:
        folder: Holds the three split folders.
        name: Name for reports; the folder's own name if None.

    Raises:
        DatasetError: A split is empty or a file name does not follow the pattern.
    """
    splits = {
        split: tuple(_parse(path) for path in list_images(folder / subfolder))
        for split, subfolder in SPLIT_FOLDERS.items()
    }
    return ReIdDataset(name or folder.resolve().name, folder, **splits)


def camera_of(name: str) -> int | None:
    """The camera that a file name states, from 1; None if it states none."""
    match = _NAME.match(name)
    return None if match is None or int(match[2]) < 1 else int(match[2])


def _parse(path: Path) -> Sample:
    match, camera = _NAME.match(path.name), camera_of(path.name)
    if match is None or camera is None:
        raise DatasetError(
            f"{path} is not named like 0002_c1s1_000451_03.jpg (person, camera from 1, ...); "
            "rename or remove it"
        )
    return Sample(path, int(match[1]), camera - 1)

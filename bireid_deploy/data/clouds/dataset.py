"""Data sets of point clouds in the layout of ModelNet40's release for PointNet.

A folder with `train_files.txt` and `test_files.txt`, which name HDF5 files in it, or without these
lists the files `*train*.h5` and `*test*.h5`; and `shape_names.txt`, a class per line.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from bireid_runtime.files import read_text

from bireid_deploy.data.clouds.hdf5 import read_clouds, read_labels
from bireid_deploy.data.folders import LeftOut, find_below, list_folder
from bireid_deploy.data.use import Use
from bireid_deploy.errors import DatasetError

NAMES_FILE = "shape_names.txt"

_SPLITS = ("train", "test")
# Lists and notes that releases have beside the clouds.
_BESIDE = (".txt", ".json")
_MAX_LIST_BYTES = 2**16
_MAX_NAME = 200


@dataclass(frozen=True, eq=False)
class CloudFile:
    """One file of clouds.

    Attributes:
        path: The file.
        labels: Class of each of its clouds, int64 (M,).
    """

    path: Path
    labels: np.ndarray


@dataclass(frozen=True)
class CloudDataset:
    """The training and test clouds of one data set.

    Attributes:
        name: Name for reports.
        root: Folder that they were found in.
        classes: Names of the classes; a label is a position here.
        train: Files to train with.
        test: Files to measure on.
        remarks: What is to know about it, a line each.
        left_out: What lies among its files and is not read, with the reason.
    """

    name: str
    root: Path
    classes: tuple[str, ...]
    train: tuple[CloudFile, ...]
    test: tuple[CloudFile, ...]
    remarks: tuple[str, ...] = ()
    left_out: LeftOut = ()


def open_cloud_dataset(root: str | Path, use: Use = "all") -> CloudDataset:
    """List the files of a data set; labels are read, clouds are not.

    Args:
        root: Folder in ModelNet's layout.
        use: The splits that are needed; another one is empty.

    Raises:
        DatasetError: A split or a file is missing or malformed, a label has no name, or a class has
            no training cloud.
        MissingPackageError: h5py is not installed.
    """
    root = Path(root)
    train, test = (_split(root, split) if use in ("all", split) else () for split in _SPLITS)
    highest = max(int(each.labels.max()) for each in (*train, *test))
    classes, remarks = _classes(root, highest)
    missing = set(range(len(classes))) - set(labels_of(train).tolist())
    if use != "test" and missing:
        raise DatasetError(f"{root}: no training cloud of the class {classes[min(missing)]!r}")
    left_out = _left_out(root, {each.path for each in (*train, *test)}, use)
    return CloudDataset(root.resolve().name, root, classes, train, test, remarks, left_out)


def labels_of(files: Sequence[CloudFile]) -> np.ndarray:
    """The classes of all clouds of a split, int64 (N,)."""
    return np.concatenate([np.zeros(0, np.int64), *(each.labels for each in files)])


def clouds_of(file: CloudFile) -> np.ndarray:
    """The clouds of a file, float32 (M, P, 3).

    Raises:
        DatasetError: It cannot be read, or has changed since it was listed.
    """
    clouds = read_clouds(file.path)
    if len(clouds) != len(file.labels):
        raise DatasetError(f"{file.path}: it has changed while it was read")
    return clouds


def _of_split(root: Path, split: str) -> list[Path]:
    listed = root / f"{split}_files.txt"
    if listed.is_file():
        # The lists of the release name files by their places in the repository of PointNet.
        return [root / PurePosixPath(line).name for line in _lines(listed)]
    return sorted(root.glob(f"*{split}*.h5"))


def _needed(root: Path, split: str) -> list[Path]:
    paths = _of_split(root, split)
    if (
        not paths
        and root.is_dir()
        and (below := find_below(root, lambda each: any(each.glob(f"*{split}*.h5"))))
    ):
        raise DatasetError(f"found clouds one level below, in {below}; give that folder")
    if not paths:
        raise DatasetError(
            f"{root}: holds neither {split}_files.txt nor *{split}*.h5; check the path"
        )
    return paths


def _split(root: Path, split: str) -> tuple[CloudFile, ...]:
    files = tuple(CloudFile(path, read_labels(path)) for path in _needed(root, split))
    if not sum(len(each.labels) for each in files):
        raise DatasetError(f"{root}: its {split} split holds no cloud")
    return tuple(each for each in files if len(each.labels))


def _left_out(root: Path, read: Collection[Path], use: Use) -> LeftOut:
    """Files of clouds that are of no split; those of a split that is not needed are of it."""
    of_splits = {split: _of_split(root, split) for split in _SPLITS}
    empty = [
        (path, "without a cloud")
        for split, paths in of_splits.items()
        for path in paths
        if use in ("all", split) and path not in read
    ]
    known = {path for paths in of_splits.values() for path in paths}
    found = list_folder(root, (".h5",))
    strange = [(path, "of no split") for path in found.files if path not in known]
    beside = [each for each in found.left_out if each[0].suffix.lower() not in _BESIDE]
    return (*empty, *strange, *beside)


def _classes(root: Path, highest: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names by label, and what is to say about them."""
    path = root / NAMES_FILE
    if not path.is_file():
        names = tuple(str(label) for label in range(highest + 1))
        return names, (f"no {NAMES_FILE}: classes are called by their numbers",)
    names = tuple(_lines(path))
    if len(names) <= highest:
        raise DatasetError(f"{path}: names {len(names)} classes; there is a label {highest}")
    if len(set(names)) != len(names) or max(map(len, names)) > _MAX_NAME:
        raise DatasetError(f"{path}: names a class twice, or with more than {_MAX_NAME} characters")
    return names, ()


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _MAX_LIST_BYTES:
            raise DatasetError(f"{path}: larger than {_MAX_LIST_BYTES} bytes")
        lines = [line.strip() for line in read_text(path).splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: cannot be read ({error})") from error
    found = [line for line in lines if line]
    if not found or not all(line.isprintable() for line in found):
        raise DatasetError(f"{path}: must hold a name in every line")
    return found

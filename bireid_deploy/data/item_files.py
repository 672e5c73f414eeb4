"""Files that a classifier takes, by their suffix: images and point clouds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bireid_runtime.clouds import AXES
from bireid_runtime.errors import ArrayFileError, CloudError
from bireid_runtime.files import open_regular
from bireid_runtime.images import IMAGE_SUFFIXES, load_image
from bireid_runtime.npz import parse_npy

from bireid_deploy.data.clouds.hdf5 import read_clouds
from bireid_deploy.data.clouds.ply import parse_ply
from bireid_deploy.data.image_files import FoundFiles, find_images
from bireid_deploy.errors import DatasetError

_MAX_BYTES = 2**30


@dataclass(frozen=True)
class ItemReader:
    """A row of `READERS`.

    Attributes:
        face: The class of the runtime that takes what is read.
        read: Gives the items of a file: one, or all clouds of a file of several.
    """

    face: str
    read: Callable[[Path], Sequence[np.ndarray]]


def find_items(inputs: Sequence[Path | str], face: str) -> FoundFiles:
    """Expand folders to the files below them that a face takes, sorted; files stay as given.

    Args:
        inputs: Files and folders.
        face: `face` of rows of `READERS`.

    Raises:
        DatasetError: An input does not exist, a folder holds no such file, or a file is of another
            kind.
    """
    suffixes = [suffix for suffix, row in READERS.items() if row.face == face]
    for path in map(Path, inputs):
        if path.exists() and not path.is_dir() and path.suffix.lower() not in suffixes:
            raise DatasetError(
                f"{path}: the bundle takes files of other kinds: {', '.join(suffixes)}"
            )
    return find_images(inputs, suffixes, "files to classify")


def read_items(path: Path) -> Iterator[tuple[int | None, np.ndarray]]:
    """The items of a file that `find_items` gave, with their numbers where it holds several.

    Raises:
        ImageError, CloudError, DatasetError: The file cannot be read.
        MissingPackageError: A package for it is not installed.
    """
    items = READERS[path.suffix.lower()].read(path)
    several = len(items) > 1
    for number, item in enumerate(items):
        yield (number if several else None), item


def _image(path: Path) -> Sequence[np.ndarray]:
    return [load_image(path)]


def _npy(path: Path) -> Sequence[np.ndarray]:
    """Floats (M, 3), or (N, M, 3) of N clouds."""
    try:
        values = parse_npy("the file", _bytes(path))
    except ArrayFileError as error:
        raise CloudError(f"{path}: not a readable .npy file ({error})") from error
    if values.ndim not in (2, 3) or values.shape[-1] != AXES:
        raise CloudError(f"{path}: expected points (M, 3), or clouds (N, M, 3), got {values.shape}")
    if values.dtype.kind != "f":
        raise CloudError(f"{path}: expected floats, got {values.dtype}")
    # What float32 cannot hold becomes infinite, and is refused as such.
    with np.errstate(over="ignore"):
        clouds = values.astype(np.float32)
    return [clouds] if clouds.ndim == 2 else list(clouds)


def _ply(path: Path) -> Sequence[np.ndarray]:
    return [parse_ply(_bytes(path), str(path))]


def _hdf5(path: Path) -> Sequence[np.ndarray]:
    return list(read_clouds(path))


def _bytes(path: Path) -> bytes:
    with open_regular(path) as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise CloudError(f"{path}: exceeds the limit of {_MAX_BYTES} bytes")
    return data


READERS: Mapping[str, ItemReader] = {
    **{suffix: ItemReader("Classifier", _image) for suffix in IMAGE_SUFFIXES},
    ".npy": ItemReader("PointClassifier", _npy),
    ".ply": ItemReader("PointClassifier", _ply),
    ".h5": ItemReader("PointClassifier", _hdf5),
}
"""By suffix, lower case."""

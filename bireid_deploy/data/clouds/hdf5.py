"""Clouds in HDF5 files as the release of ModelNet40 for PointNet has them.

`data` is float (M, P, 3), `label` whole numbers (M,) or (M, 1). A file is not trusted: what is read
lies in the file itself, as plain numbers, within bounds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime.files import open_regular

from bireid_deploy.errors import DatasetError
from bireid_deploy.extras import explained

DATA, LABEL = "data", "label"

_MAX_BYTES = 2**31
_MAX_CLOUDS = 2**20
_MAX_CLASSES = 1000


def read_labels(path: Path) -> np.ndarray:
    """The class of every cloud of a file, int64 (M,).

    Raises:
        DatasetError: Not such a file, or it has another number of clouds than of labels.
        MissingPackageError: h5py is not installed.
    """
    with _opened(path) as file:
        labels, clouds = _found(path, file, LABEL), _found(path, file, DATA)
        if labels.shape not in ((len(clouds),), (len(clouds), 1)) or labels.dtype.kind not in "iu":
            raise DatasetError(
                f"{path}: 'label' is {labels.dtype} {labels.shape}; it must be a whole number for "
                f"each of {len(clouds)} clouds"
            )
        values = np.asarray(labels[()]).reshape(-1)
    if values.size and (values.min() < 0 or values.max() >= _MAX_CLASSES):
        raise DatasetError(f"{path}: labels must lie in 0..{_MAX_CLASSES - 1}")
    return values.astype(np.int64)


def read_clouds(path: Path) -> np.ndarray:
    """The clouds of a file, float32 (M, P, 3); nothing is said of their numbers.

    Raises:
        DatasetError, MissingPackageError: As `read_labels`.
    """
    with _opened(path) as file:
        values: np.ndarray = _found(path, file, DATA)[()].astype(np.float32, copy=False)
    return values


def write_clouds(path: Path, clouds: np.ndarray, labels: np.ndarray) -> None:
    """Write such a file.

    Args:
        path: Target.
        clouds: float32 (M, P, 3).
        labels: uint8 (M,).

    Raises:
        MissingPackageError: h5py is not installed.
    """
    with explained():
        import h5py

    with h5py.File(path, "w") as file:
        file.create_dataset(DATA, data=clouds, compression="gzip")
        file.create_dataset(LABEL, data=labels)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    with explained():
        import h5py

    try:
        # HDF5 waits for a pipe without end.
        open_regular(path).close()
        with h5py.File(path, "r") as file:
            yield file
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such file") from None
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise DatasetError(f"{path}: not a readable HDF5 file ({error})") from error


def _found(path: Path, file: Any, name: str) -> Any:
    """An array that lies in the file itself, checked but not read."""
    import h5py

    link = file.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise DatasetError(f"{path}: holds no '{name}' of its own; it needs 'data' and 'label'")
    array = file[name]
    if not isinstance(array, h5py.Dataset) or array.external or array.is_virtual:
        raise DatasetError(f"{path}: '{name}' is no array that lies in the file")
    if array.dtype.kind not in "fiu" or not 1 <= len(array.shape) <= 3:
        raise DatasetError(f"{path}: '{name}' is {array.dtype} {array.shape}, no array of numbers")
    if name == DATA and (array.ndim != 3 or array.shape[2] != 3 or array.dtype.kind != "f"):
        raise DatasetError(
            f"{path}: 'data' is {array.dtype} {array.shape}; it must be float (M, points, 3)"
        )
    if array.nbytes > _MAX_BYTES or array.shape[0] > _MAX_CLOUDS:
        raise DatasetError(f"{path}: '{name}' is larger than {_MAX_BYTES} bytes; split the file")
    return array

"""What the user's own code says of training images: an `.npz` of features, by file name.

Arrays: `names` (N,), paths below the folder of the data set; `features` float (N, D), or (N, 2, D)
with those of the mirror image behind; and, if the network has learned these people, `logits` (N, K)
or (N, 2, K), in any order of the classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bireid_runtime.errors import ArrayFileError
from bireid_runtime.npz import open_npz

from bireid_deploy.errors import DatasetError

_FLOAT16_LARGEST = 65504.0
_NEEDED = {"names", "features"}


@dataclass(frozen=True)
class SaidByOthers:
    """The content of such a file.

    Attributes:
        names: N paths.
        embeddings: float16 (N, 2, D), rows of unit length.
        logits: float16 (N, 2, K), or None.
    """

    names: tuple[str, ...]
    embeddings: np.ndarray
    logits: np.ndarray | None

    @classmethod
    def load(cls, path: Path) -> "SaidByOthers":
        """Read a file.

        Raises:
            FileNotFoundError: There is no such file.
            DatasetError: It is malformed; the message names it.
        """
        try:
            with open_npz(path) as file:
                found = set(file.names)
                if found not in (_NEEDED, {*_NEEDED, "logits"}):
                    raise DatasetError(
                        f"{path}: needs the arrays names and features, and may have logits; has "
                        f"{', '.join(sorted(name[:40] for name in found)) or 'none'}"
                    )
                arrays = {name: file.read(name) for name in file.names}
        except ArrayFileError as error:
            raise DatasetError(f"{path}: {error}") from error
        names = arrays["names"]
        if names.dtype.kind != "U" or names.ndim != 1 or len(set(names.tolist())) != len(names):
            raise DatasetError(f"{path}: names must be different texts, one per image")
        features = _two_views(arrays["features"], len(names), f"{path}: features")
        lengths = np.linalg.norm(features, axis=2, keepdims=True)
        if not (lengths > 0).all():
            raise DatasetError(f"{path}: features of length 0 have no direction")
        logits = arrays.get("logits")
        if logits is not None:
            logits = _two_views(logits, len(names), f"{path}: logits").astype(np.float16)
        return cls(tuple(names.tolist()), (features / lengths).astype(np.float16), logits)

    def of(self, names: Sequence[str], path: Path) -> "SaidByOthers":
        """What it says of these images, in their order.

        Raises:
            DatasetError: It says nothing of some.
        """
        places = {name: row for row, name in enumerate(self.names)}
        missing = [name for name in names if name not in places]
        if missing:
            raise DatasetError(
                f"{path}: says nothing of {len(missing)} of {len(names)} training images, such as "
                f"{missing[0]}; names are paths below the folder of the data set"
            )
        rows = [places[name] for name in names]
        logits = None if self.logits is None else self.logits[rows]
        return SaidByOthers(tuple(names), self.embeddings[rows], logits)


def _two_views(rows: np.ndarray, count: int, what: str) -> np.ndarray:
    """As float32 (N, 2, D); one view stands for the mirror image too."""
    one = rows.ndim == 2
    if rows.dtype.kind != "f" or rows.shape[:1] != (count,) or not (one or rows.shape[1:2] == (2,)):
        raise DatasetError(
            f"{what} must be float ({count}, D) or ({count}, 2, D), not {rows.dtype} {rows.shape}"
        )
    if not one and rows.ndim != 3:
        raise DatasetError(f"{what} must be float ({count}, D) or ({count}, 2, D)")
    rows = rows.astype(np.float32)
    if not (np.abs(rows) <= _FLOAT16_LARGEST).all():
        raise DatasetError(
            f"{what} hold numbers that are not finite, or above {_FLOAT16_LARGEST:g}"
        )
    return np.stack([rows, rows], axis=1) if one else rows

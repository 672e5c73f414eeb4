"""What a teacher says of every training image, kept in a file: `teach-cache` writes it.

An uncompressed `.npz` without pickle: `embeddings` float16 (N, 2, D), of each image as it is and of
its mirror image; `names` (N,), its path below the folder of the data set; `teacher` () in words,
with a hash; of a teacher with classes `logits` float16 (N, 2, K).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bireid_runtime import Bundle
from bireid_runtime.bundle_files import MANIFEST_NAME, file_sha256
from bireid_runtime.errors import ArrayFileError
from bireid_runtime.files import atomic_file
from bireid_runtime.npz import open_npz, write_npz

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.run_directory import RunDirectory

VIEWS = 2
CACHE_SUFFIX = ".npz"
_ARRAYS = {"embeddings", "names", "teacher"}
_LOGITS = "logits"
_MIN_AGREEMENT = 0.9


@dataclass(frozen=True)
class TeacherCache:
    """The content of such a file.

    Attributes:
        embeddings: float16 (N, 2, D), of any length above 0.
        names: N different paths.
        teacher: What it was made of.
        logits: float16 (N, 2, K), or None.

    Raises:
        TrainingError: An array is another.
    """

    embeddings: np.ndarray
    names: tuple[str, ...]
    teacher: str
    logits: np.ndarray | None = None

    def __post_init__(self) -> None:
        count = len(self.names)
        if count == 0 or len(set(self.names)) != count:
            raise TrainingError("names of a teacher's cache must be there and differ")
        for name, rows in (("embeddings", self.embeddings), (_LOGITS, self.logits)):
            if rows is None:
                continue
            if rows.dtype != np.float16 or rows.ndim != 3 or rows.shape[:2] != (count, VIEWS):
                raise TrainingError(
                    f"{name} must be float16 ({count}, {VIEWS}, D), not {rows.dtype} {rows.shape}"
                )
            if not np.isfinite(rows).all():
                raise TrainingError(f"{name} holds numbers that are not finite")
        if not np.abs(self.embeddings).max(axis=2).all():
            raise TrainingError("an embedding of the cache is 0, which has no direction")

    def save(self, path: Path) -> None:
        """Write it, whole or not at all.

        Raises:
            OSError: It cannot be written.
        """
        arrays = {
            "embeddings": self.embeddings,
            "names": np.array(self.names, np.str_),
            "teacher": np.array(self.teacher, np.str_),
        }
        if self.logits is not None:
            arrays[_LOGITS] = self.logits
        with atomic_file(path) as file:
            write_npz(file, arrays)

    @classmethod
    def load(cls, path: Path) -> "TeacherCache":
        """Read a file that a stranger may have written.

        Raises:
            TrainingError: It is malformed; the message names it.
            OSError: It cannot be opened.
        """
        try:
            with open_npz(path) as file:
                found = set(file.names)
                if found not in (_ARRAYS, _ARRAYS | {_LOGITS}):
                    raise TrainingError(
                        "no cache of a teacher; make one with bireid-deploy teach-cache"
                    )
                arrays = {name: file.read(name) for name in file.names}
            names, teacher = arrays["names"], arrays["teacher"]
            kinds = names.dtype.kind, names.ndim, teacher.dtype.kind, teacher.ndim
            if kinds != ("U", 1, "U", 0):
                raise TrainingError("names and teacher must be text")
            return cls(
                arrays["embeddings"], tuple(names.tolist()), str(teacher), arrays.get(_LOGITS)
            )
        except (ArrayFileError, TrainingError) as error:
            raise TrainingError(f"{path}: {error}") from error

    def rows_of(self, names: Sequence[str]) -> np.ndarray:
        """Where these images stand, int64 (len(names),).

        Raises:
            TrainingError: One of them is not in it.
        """
        places = {name: row for row, name in enumerate(self.names)}
        missing = [name for name in names if name not in places]
        if missing:
            raise TrainingError(
                f"the cache knows nothing of {len(missing)} of {len(names)} training images, such "
                f"as {missing[0]}; make it of this data set"
            )
        return np.array([places[name] for name in names])


def vote_classes(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Which class of a teacher each of ours is, by what it says of the training images.

    Programs number the people of a data set each in their own way; a teacher that has learned them
    names almost every training image by its number.

    Args:
        logits: (N, K), the teacher's of each image.
        labels: int64 (N,) in 0..K-1, ours.

    Returns:
        Permutation int64 (K,): `logits[:, result]` has our order.

    Raises:
        TrainingError: It has other numbers of classes, two of ours are one of its, or fewer than
            90 % of the images are of the class that is voted for.
    """
    classes = require_as_many_classes(logits.shape[1], labels)
    votes = np.zeros((classes, classes), np.int64)
    np.add.at(votes, (labels, logits.argmax(axis=1)), 1)
    chosen = votes.argmax(axis=1)
    agreement = votes[np.arange(classes), chosen].sum() / len(labels)
    different = len(set(chosen.tolist()))
    if agreement < _MIN_AGREEMENT or different != classes:
        found = (
            f"at best {agreement:.0%} of the images agree, {_MIN_AGREEMENT:.0%} are needed"
            if agreement < _MIN_AGREEMENT
            else f"it takes those {classes} for {different} of its own"
        )
        raise TrainingError(
            f"the teacher's classes are not those of the training data: {found}; set "
            "distillation.target='relations'"
        )
    return chosen


def require_as_many_classes(count: int, labels: np.ndarray) -> int:
    """See that a teacher has as many classes as the training data; gives their number.

    Raises:
        TrainingError: It has another number.
    """
    classes = int(labels.max()) + 1
    if count != classes:
        raise TrainingError(
            f"the teacher has {count} classes, the training data {classes}; set "
            "distillation.target='relations'"
        )
    return classes


def is_bundle(path: Path) -> bool:
    """Whether a teacher is the folder of a bundle."""
    return (path / MANIFEST_NAME).is_file()


def teacher_identity(path: Path) -> dict[str, str]:
    """Which teacher this is, wherever it lies: its name, and a hash.

    That is of the checkpoint of a run, of the file of a cache, and the fingerprint of a bundle.

    Raises:
        TrainingError: It is neither a run nor a file.
        BundleError: A bundle that cannot be read.
    """
    if is_bundle(path):
        return {
            "run": path.resolve().name,
            "checkpoint": Bundle.open(path, verify=False).fingerprint,
        }
    if not path.is_file():
        return RunDirectory(path).identity()
    return {"run": path.name, "checkpoint": f"sha256:{file_sha256(path)}"}

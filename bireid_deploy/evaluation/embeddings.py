"""Labelled embeddings, and the `.npz` files that hold them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bireid_runtime.errors import ArrayFileError
from bireid_runtime.files import atomic_file
from bireid_runtime.npz import open_npz
from numpy.typing import NDArray

from bireid_deploy.errors import EmbeddingsError

_FIELDS = ("vectors", "person_ids", "camera_ids", "names")


@dataclass(frozen=True, eq=False)
class Embeddings:
    """One embedding per image, with the labels that evaluation needs.

    Attributes:
        vectors: Embeddings, finite float32 `(N, D)`, of any length; evaluation normalises them.
        person_ids: Persons, int64 `(N,)`; -1 is junk, 0 a distractor, persons start at 1.
        camera_ids: Cameras, int64 `(N,)`; only ever compared with each other.
        names: File name or any other label of each image, N strings.

    Raises:
        EmbeddingsError: A shape, a dtype or a value is not the one above.
    """

    vectors: NDArray[np.float32]
    person_ids: NDArray[np.int64]
    camera_ids: NDArray[np.int64]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        _require_array("vectors", self.vectors, np.dtype(np.float32), dimensions=2)
        count, size = self.vectors.shape
        if count == 0 or size == 0:
            raise EmbeddingsError(
                f"vectors has shape {self.vectors.shape}; give at least one embedding"
            )
        for field in ("person_ids", "camera_ids"):
            labels = getattr(self, field)
            _require_array(field, labels, np.dtype(np.int64), dimensions=1)
            if len(labels) != count:
                raise EmbeddingsError(f"{field} has {len(labels)} entries for {count} vectors")
        if len(self.names) != count:
            raise EmbeddingsError(f"names has {len(self.names)} entries for {count} vectors")
        if not all(isinstance(name, str) for name in self.names):
            raise EmbeddingsError("names holds something other than text; give a tuple of str")
        finite = np.isfinite(self.vectors).all(axis=1)
        if not finite.all():
            row = int(np.argmin(finite))
            raise EmbeddingsError(
                f"vectors: row {row} ({self.names[row]}) holds NaN or infinity; embed it again"
            )
        if self.person_ids.min() < -1:
            raise EmbeddingsError(
                f"person_ids holds {self.person_ids.min()}; ids are -1 (junk), 0 or positive"
            )

    def __len__(self) -> int:
        return len(self.vectors)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the embeddings to an uncompressed `.npz`, replacing `path` in one step.

        Args:
            path: The file to write; its folder must exist.

        Raises:
            EmbeddingsError: The file cannot be written.
        """
        _write_npz(Path(path), self._arrays())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Embeddings":
        """Read what `save` wrote.

        Args:
            path: An uncompressed `.npz` with the arrays `vectors`, `person_ids`, `camera_ids`
                and `names`.

        Returns:
            The embeddings.

        Raises:
            EmbeddingsError: The file is missing, malformed, or holds other arrays.
        """
        return cls._from_arrays(_read_npz(Path(path), _FIELDS), Path(path))

    def _arrays(self, prefix: str = "") -> dict[str, NDArray]:
        return {
            f"{prefix}vectors": self.vectors,
            f"{prefix}person_ids": self.person_ids,
            f"{prefix}camera_ids": self.camera_ids,
            f"{prefix}names": np.array(self.names, dtype=np.str_),
        }

    @classmethod
    def _from_arrays(
        cls, arrays: Mapping[str, NDArray], path: Path, prefix: str = ""
    ) -> "Embeddings":
        vectors, person_ids, camera_ids, names = (arrays[prefix + field] for field in _FIELDS)
        try:
            _require_text(f"{prefix}names", names, dimensions=1)
            return cls(vectors, person_ids, camera_ids, tuple(names.tolist()))
        except EmbeddingsError as error:
            part = f" ({prefix.rstrip('_')})" if prefix else ""
            raise EmbeddingsError(f"{path}{part}: {error}") from error


@dataclass(frozen=True, eq=False)
class EmbeddingsPair:
    """The query and the gallery of one evaluation.

    Attributes:
        query: The images that are searched for.
        gallery: The images that are searched.
        fingerprint: Fingerprint of the model that made both, or "" when unknown.
    """

    query: Embeddings
    gallery: Embeddings
    fingerprint: str = ""


def save_pair(
    path: str | os.PathLike[str], query: Embeddings, gallery: Embeddings, fingerprint: str = ""
) -> None:
    """Write query and gallery to one uncompressed `.npz`, replacing `path` in one step.

    Args:
        path: The file to write; its folder must exist.
        query: The images that are searched for.
        gallery: The images that are searched.
        fingerprint: Fingerprint of the model that made both, or "" when unknown.

    Raises:
        EmbeddingsError: The file cannot be written.
    """
    arrays = query._arrays("query_") | gallery._arrays("gallery_")
    _write_npz(Path(path), arrays | {"fingerprint": np.array(fingerprint, dtype=np.str_)})


def load_pair(path: str | os.PathLike[str]) -> EmbeddingsPair:
    """Read what `save_pair` wrote.

    Args:
        path: An uncompressed `.npz` with the arrays of `Embeddings`, once with the prefix
            `query_` and once with `gallery_`, and the text `fingerprint`.

    Returns:
        Query, gallery and the fingerprint of the model.

    Raises:
        EmbeddingsError: The file is missing, malformed, or holds other arrays.
    """
    path = Path(path)
    names = [prefix + field for prefix in ("query_", "gallery_") for field in _FIELDS]
    arrays = _read_npz(path, (*names, "fingerprint"))
    fingerprint = arrays["fingerprint"]
    try:
        _require_text("fingerprint", fingerprint, dimensions=0)
    except EmbeddingsError as error:
        raise EmbeddingsError(f"{path}: {error}") from error
    return EmbeddingsPair(
        query=Embeddings._from_arrays(arrays, path, "query_"),
        gallery=Embeddings._from_arrays(arrays, path, "gallery_"),
        fingerprint=str(fingerprint),
    )


def _require_array(field: str, array: NDArray, dtype: np.dtype, dimensions: int) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != dimensions:
        found = (
            f"{array.dtype} {array.shape}"
            if isinstance(array, np.ndarray)
            else type(array).__name__
        )
        raise EmbeddingsError(
            f"{field} must be a {dtype} array of {dimensions} dimension(s), not {found}; "
            "convert it first"
        )


def _require_text(field: str, array: NDArray, dimensions: int) -> None:
    if array.dtype.kind != "U" or array.ndim != dimensions:
        raise EmbeddingsError(
            f"{field} must be a text array of {dimensions} dimension(s), "
            f"not {array.dtype} {array.shape}"
        )


def _write_npz(path: Path, arrays: Mapping[str, NDArray]) -> None:
    try:
        with atomic_file(path) as file:
            np.savez(file, **arrays)
    except OSError as error:
        raise EmbeddingsError(f"{path}: cannot be written ({error.strerror})") from error


def _read_npz(path: Path, names: tuple[str, ...]) -> dict[str, NDArray]:
    """Read exactly the arrays `names`."""
    try:
        with open_npz(path) as file:
            if set(file.names) != set(names):
                found = ", ".join(sorted(name[:40] for name in file.names[:12])) or "none"
                raise EmbeddingsError(
                    f"{path}: expected the arrays {', '.join(names)}; found {found}"
                )
            return {name: file.read(name) for name in names}
    except FileNotFoundError as error:
        raise EmbeddingsError(f"{path}: no such file") from error
    except ArrayFileError as error:
        raise EmbeddingsError(f"{path}: {error}") from error

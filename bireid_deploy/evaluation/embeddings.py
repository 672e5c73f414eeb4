"""Labelled embeddings, and the `.npz` files that hold them."""

import os
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path
from tokenize import TokenError

import numpy as np
from bireid_runtime.files import atomic_file
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
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_members(archive, names)
    except EmbeddingsError as error:
        raise EmbeddingsError(f"{path}: {error}") from error
    except FileNotFoundError as error:
        raise EmbeddingsError(f"{path}: no such file") from error
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        raise EmbeddingsError(
            f"{path}: not a readable .npz file ({error}); write it again"
        ) from error


def _read_members(archive: zipfile.ZipFile, names: tuple[str, ...]) -> dict[str, NDArray]:
    """Read exactly the arrays `names`, never more bytes than the file itself has."""
    expected = {f"{name}.npy" for name in names}
    found = [member.filename for member in archive.infolist()]
    if len(found) != len(set(found)) or set(found) != expected:
        listed = ", ".join(sorted(name.removesuffix(".npy")[:40] for name in found[:12]))
        raise EmbeddingsError(f"expected the arrays {', '.join(names)}; found {listed or 'none'}")
    # Stored members cannot unfold into more than the file holds, so no size needs to be trusted.
    if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
        raise EmbeddingsError("the arrays are compressed; write the file with numpy.savez")
    return {name: _parse_npy(name, archive.read(f"{name}.npy")) for name in names}


def _parse_npy(name: str, content: bytes) -> NDArray:
    shape, fortran_order, dtype, data = _parse_npy_header(name, content)
    # Items of no bytes would let a header of a few bytes declare any number of them.
    if dtype.kind not in "fiU" or dtype.itemsize == 0 or not dtype.isnative:
        raise EmbeddingsError(f"{name} holds {dtype}, not numbers or text of this machine")
    if any(extent < 0 for extent in shape) or prod(shape) * dtype.itemsize != len(data):
        raise EmbeddingsError(f"{name} declares {dtype} {shape} but holds {len(data)} bytes")
    # NumPy would build broken strings from code points that do not exist.
    if dtype.kind == "U" and np.any(np.frombuffer(data, np.uint32) > sys.maxunicode):
        raise EmbeddingsError(f"{name} holds text that is not Unicode; write the file again")
    return np.ndarray(shape, dtype, buffer=bytearray(data), order="F" if fortran_order else "C")


def _parse_npy_header(name: str, content: bytes) -> tuple[tuple[int, ...], bool, np.dtype, bytes]:
    """Split a `.npy` file into shape, order, dtype and the bytes of its data."""
    stream = BytesIO(content)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    # The header is a Python literal, so its parser raises whatever parsing Python can raise.
    failures = (
        ValueError,
        TypeError,
        KeyError,
        SyntaxError,
        TokenError,
        RecursionError,
        MemoryError,
    )
    try:
        shape, fortran_order, dtype = readers[np.lib.format.read_magic(stream)](stream)
    except failures as error:
        raise EmbeddingsError(f"{name} has no valid .npy header; write the file again") from error
    return shape, fortran_order, dtype, content[stream.tell() :]

"""`.npz` files: written as NumPy does, and read if a stranger did: no pickle, no bombs, no lies."""

import contextlib
import os
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from math import prod
from tokenize import TokenError
from typing import Any, BinaryIO

import numpy as np

from bireid_runtime.errors import ArrayFileError
from bireid_runtime.files import open_regular

_KINDS = "fiubU"
_Header = tuple[tuple[int, ...], bool, np.dtype]
_HEADER_READERS: dict[tuple[int, int], Callable[[Any], _Header]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# The header is a Python literal, so its parser raises whatever parsing Python can raise.
_HEADER_FAILURES = (
    ValueError,
    TypeError,
    KeyError,
    SyntaxError,
    TokenError,
    RecursionError,
    MemoryError,
)
_READ_FAILURES = (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile)


class NpzFile:
    """An open `.npz` file; `open_npz` is the way to get one.

    Attributes:
        names: Names of its arrays, in the order of the file.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        members = archive.infolist()
        self.names = tuple(member.filename.removesuffix(".npy") for member in members)
        if len(set(self.names)) != len(self.names):
            raise ArrayFileError("an array occurs twice")
        # What is stored cannot unfold into more than the file holds: no size needs to be trusted.
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ArrayFileError("the arrays are compressed; write the file with numpy.savez")
        self._archive = archive

    def read(self, name: str) -> np.ndarray:
        """Read one array of numbers, truth values or text.

        Args:
            name: One of `names`.

        Raises:
            ArrayFileError: The array is damaged, or holds something else.
        """
        try:
            content = self._archive.read(f"{name}.npy")
        except (*_READ_FAILURES, KeyError) as error:
            raise ArrayFileError(f"not a readable .npz file ({error}); write it again") from error
        return parse_npy(name, content)


@contextlib.contextmanager
def open_npz(path: str | os.PathLike[str]) -> Iterator[NpzFile]:
    """Open an uncompressed `.npz` file, as `numpy.savez` writes it.

    Args:
        path: The file, untrusted.

    Yields:
        The file. Reading from it never takes more memory than the file is large.

    Raises:
        FileNotFoundError: There is no such file.
        ArrayFileError: It cannot be read as such a file. The message does not name the path.
    """
    with contextlib.ExitStack() as opened:
        try:
            file = opened.enter_context(open_regular(path))
            archive = opened.enter_context(zipfile.ZipFile(file))
        except FileNotFoundError:
            raise
        except _READ_FAILURES as error:
            raise ArrayFileError(f"not a readable .npz file ({error}); write it again") from error
        yield NpzFile(archive)


def write_npz(file: BinaryIO, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays as `numpy.savez` does.

    NumPy leaves its archive open when a disk is full, and Python complains of it in many lines.

    Args:
        file: Open for writing.
        arrays: By name; none of objects.

    Raises:
        OSError: It cannot be written.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def parse_npy(name: str, content: bytes) -> np.ndarray:
    """The array of a `.npy` file.

    Args:
        name: What errors call it.
        content: The bytes of the file, untrusted.

    Raises:
        ArrayFileError: It is damaged, or holds neither numbers, truth values nor text.
    """
    shape, fortran_order, dtype, data = _parse_header(name, content)
    # Items of no bytes would let a header of a few bytes declare any number of them.
    if dtype.kind not in _KINDS or dtype.itemsize == 0 or not dtype.isnative:
        raise ArrayFileError(f"{name} holds {dtype}, not numbers or text of this machine")
    if any(extent < 0 for extent in shape) or prod(shape) * dtype.itemsize != len(data):
        raise ArrayFileError(f"{name} declares {dtype} {shape} but holds {len(data)} bytes")
    # NumPy would build broken strings from code points that do not exist.
    if dtype.kind == "U" and np.any(np.frombuffer(data, np.uint32) > sys.maxunicode):
        raise ArrayFileError(f"{name} holds text that is not Unicode; write the file again")
    return np.ndarray(shape, dtype, buffer=bytearray(data), order="F" if fortran_order else "C")


def _parse_header(name: str, content: bytes) -> tuple[tuple[int, ...], bool, np.dtype, bytes]:
    """Split a `.npy` file into shape, order, dtype and the bytes of its data."""
    stream = BytesIO(content)
    try:
        shape, fortran_order, dtype = _HEADER_READERS[np.lib.format.read_magic(stream)](stream)
    except _HEADER_FAILURES as error:
        raise ArrayFileError(f"{name} has no valid .npy header; write the file again") from error
    return shape, fortran_order, dtype, content[stream.tell() :]

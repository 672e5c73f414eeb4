"""The embeddings of a gallery, read by their numbers."""

import sqlite3
from collections.abc import Iterator, Sequence

import numpy as np

from bireid_runtime.gallery.errors import GalleryError

_PARAMETERS = 500
_ROWS = 4096


def read_vectors(
    database: sqlite3.Connection, entries: Sequence[int], dim: int, source: str
) -> np.ndarray:
    """The embeddings of entries, float32 (N, dim), in the order asked for.

    Raises:
        GalleryError: One is missing or damaged.
    """
    found: dict[int, bytes] = {}
    for begin in range(0, len(entries), _PARAMETERS):
        part = list(entries[begin : begin + _PARAMETERS])
        marks = ",".join("?" * len(part))
        query = f"SELECT entry, value FROM vector WHERE entry IN ({marks})"
        found.update(database.execute(query, part))
    return matrix([found.get(entry) for entry in entries], dim, source)


def stream_vectors(
    database: sqlite3.Connection, dim: int, source: str
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Numbers of entries, int64 (n,), and their embeddings, float32 (n, dim), by rising number.

    Raises:
        GalleryError: One is damaged.
    """
    cursor = database.execute("SELECT entry, value FROM vector ORDER BY entry")
    while rows := cursor.fetchmany(_ROWS):
        entries, values = zip(*rows, strict=True)
        yield np.array(entries, np.int64), matrix(values, dim, source)


def matrix(values: Sequence[object], dim: int, source: str) -> np.ndarray:
    """Bytes of embeddings, little endian, as float32 (N, dim).

    Raises:
        GalleryError: One is missing or damaged.
    """
    if not all(isinstance(value, bytes) and len(value) == 4 * dim for value in values):
        raise GalleryError(f"{source}: damaged: an entry has no embedding of {dim} numbers")
    rows = np.frombuffer(b"".join(values), "<f4").reshape(len(values), dim)  # type: ignore[arg-type]
    if not np.isfinite(rows).all():
        raise GalleryError(f"{source}: damaged: an embedding holds a number that is not finite")
    return rows.astype(np.float32, copy=False)

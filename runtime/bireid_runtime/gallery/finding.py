"""Search in two steps: the nearest codes of all entries, then the products of those few."""

import sqlite3

import numpy as np

from bireid_runtime.gallery.code_table import NOBODY, CodeTable
from bireid_runtime.gallery.vectors import read_vectors, stream_vectors
from bireid_runtime.search import MAX_TOP, products, search_codes, sign_codes

# Measured: of a million embeddings of 512 numbers, the ten nearest are among so many with 0.997.
SHORTLIST, LONG_SHORTLIST, MANY = 200, 1000, 500_000


class Finder:
    """Finds entries of one state of a gallery.

    Args:
        database: Inside a transaction, so that codes and vectors are of the same state.
        table: Refreshed.
        dim: D.
        source: The gallery, for messages.
        threads: Threads of the scan.
    """

    def __init__(
        self, database: sqlite3.Connection, table: CodeTable, dim: int, source: str, threads: int
    ) -> None:
        self._database, self._table = database, table
        self._dim, self._source, self._threads = dim, source, threads

    def nearest(
        self, query: np.ndarray, top: int, allowed: np.ndarray | None, one_per_person: bool
    ) -> list[tuple[int, float]]:
        """Rows of the table and their scores, the highest first, of equal ones the lower row.

        Args:
            query: float32 (D,), unit length.
            top: Rows wanted.
            allowed: As `CodeTable.allowed`.
            one_per_person: Whether only the best row of a person counts; sightings all count.
        """
        count = len(self._table.entries)
        size = max(top, LONG_SHORTLIST if count >= MANY else SHORTLIST)
        code = sign_codes(query[None])[0]
        while True:
            wanted = min(size, MAX_TOP)
            rows, _ = search_codes(
                self._table.codes, code, wanted, self._dim, allowed, self._threads
            )
            entries = self._table.entries[rows].tolist()
            vectors = read_vectors(self._database, entries, self._dim, self._source)
            found = self._ranked(rows, products(vectors, query), top, one_per_person)
            # A person with many entries may fill the shortlist.
            if len(found) == top or len(rows) < wanted or wanted == MAX_TOP:
                return found
            size *= 8

    def nearest_of_all(
        self, query: np.ndarray, top: int, allowed: np.ndarray | None, one_per_person: bool
    ) -> list[tuple[int, float]]:
        """As `nearest`, by the products of all entries, read from the file."""
        scores = np.empty(len(self._table.entries), np.float32)
        begin = 0
        for entries, vectors in stream_vectors(self._database, self._dim, self._source):
            scores[begin : begin + len(entries)] = products(vectors, query)
            begin += len(entries)
        rows = np.arange(len(scores)) if allowed is None else np.flatnonzero(allowed)
        return self._ranked(rows, scores[rows], top, one_per_person)

    def mean_of(self, rows: np.ndarray) -> np.ndarray:
        """The mean of embeddings at unit length, float32 (D,); of opposite ones the zero vector.

        Args:
            rows: Which of the table, bool (N,), one or more.
        """
        entries = self._table.entries[rows].tolist()
        vectors = read_vectors(self._database, entries, self._dim, self._source)
        mean = vectors.astype(np.float64).mean(axis=0)
        return (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)

    def _ranked(
        self, rows: np.ndarray, scores: np.ndarray, top: int, one_per_person: bool
    ) -> list[tuple[int, float]]:
        seen: set[int] = set()
        found: list[tuple[int, float]] = []
        for place in np.lexsort((rows, -scores)):
            row = int(rows[place])
            person = int(self._table.people[row])
            if one_per_person and person != NOBODY:
                if person in seen:
                    continue
                seen.add(person)
            found.append((row, float(scores[place])))
            if len(found) == top:
                break
        return found

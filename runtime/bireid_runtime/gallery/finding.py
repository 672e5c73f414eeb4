"""Search in two steps: the nearest codes of all entries, then the products of those few."""

import sqlite3

import numpy as np

from bireid_runtime.gallery.code_table import CodeTable
from bireid_runtime.gallery.ranking import LONG_SHORTLIST, MANY, SHORTLIST, rank, unit_mean
from bireid_runtime.gallery.vectors import read_vectors, stream_vectors
from bireid_runtime.search import MAX_TOP, products, search_codes, sign_codes


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

    def nearest_people(self, query: np.ndarray, count: int) -> list[int]:
        """See `identifying.People`."""
        allowed = self._table.allowed(None, None, None, enrolled=True)
        nearest = self.nearest(query, count, allowed, one_per_person=True)
        return [int(self._table.people[row]) for row, _ in nearest]

    def mean_of_person(self, person: int) -> np.ndarray:
        """See `identifying.People`."""
        entries = self._table.entries[self._table.people == person].tolist()
        return unit_mean(read_vectors(self._database, entries, self._dim, self._source))

    def label_of(self, person: int) -> str | None:
        """See `identifying.People`."""
        query = "SELECT label FROM person WHERE id = ?"
        (label,) = self._database.execute(query, (person,)).fetchone()
        return None if label is None else str(label)

    def _ranked(
        self, rows: np.ndarray, scores: np.ndarray, top: int, one_per_person: bool
    ) -> list[tuple[int, float]]:
        return rank(rows, self._table.people[rows], scores, top, one_per_person)

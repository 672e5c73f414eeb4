"""Search in two steps: the server finds the nearest codes, and the products are taken here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from bireid_runtime.gallery.ranking import (
    LONG_SHORTLIST,
    MANY,
    NOBODY,
    SHORTLIST,
    rank,
    unit_mean,
)
from bireid_runtime.gallery.vectors import matrix
from bireid_runtime.search import MAX_TOP, products, sign_codes

from bireid_deploy.gallery_server.connection import Database, number
from bireid_deploy.gallery_server.reading import read_vectors

# pgvector's index finds so many at most; more are found by a scan, which also takes little time
# where there are few.
_INDEX_TOP = 1000
INDEX_FROM = 20_000
_ROWS = 4096


@dataclass(frozen=True)
class Filter:
    """Which entries a search may find; None for all.

    Attributes:
        cameras: Only those of these cameras.
        since: Only those of that second or later.
        until: Only those of before that second.
        enrolled: Only those of a person.
    """

    cameras: Sequence[str] | None = None
    since: float | None = None
    until: float | None = None
    enrolled: bool = False

    def condition(self) -> tuple[str, list[Any]]:
        """SQL, and its parameters; empty where every entry may be found."""
        wanted = [
            ("camera = ANY(%s)", None if self.cameras is None else list(self.cameras)),
            ("at >= %s", self.since),
            ("at < %s", self.until),
        ]
        given = [(text, value) for text, value in wanted if value is not None]
        texts = [text for text, _ in given] + ["person IS NOT NULL"] * self.enrolled
        return " AND ".join(texts), [value for _, value in given]


class ServerFinder:
    """Finds entries of one state of a gallery.

    Args:
        database: Inside a transaction, so that codes and embeddings are of the same state.
        dim: D.
        source: The gallery, for messages.
        index: The schema of pgvector if codes have its index, or None: the server then scans all.
    """

    def __init__(self, database: Database, dim: int, source: str, index: str | None) -> None:
        self._database, self._dim, self._source, self._index = database, dim, source, index

    def nearest(
        self, query: np.ndarray, top: int, allowed: Filter, one_per_person: bool
    ) -> list[tuple[int, float]]:
        """Entries and their scores, as `bireid_runtime.gallery.finding.Finder.nearest`."""
        # The highest number is no less than the count, and read from an index.
        count = number(self._database, "SELECT max(id) FROM entry") or 0
        size = max(top, LONG_SHORTLIST if count >= MANY else SHORTLIST)
        by_index = self._index is not None and count >= INDEX_FROM and allowed == Filter()
        while True:
            wanted = min(size, MAX_TOP)
            entries, people = self._shortlist(query, wanted, allowed, by_index)
            vectors = read_vectors(self._database, entries.tolist(), self._dim, self._source)
            found = rank(entries, people, products(vectors, query), top, one_per_person)
            # A person with many entries may fill the shortlist.
            if len(found) == top or len(entries) < wanted or wanted == MAX_TOP:
                return found
            size *= 8

    def nearest_of_all(
        self, query: np.ndarray, top: int, allowed: Filter, one_per_person: bool
    ) -> list[tuple[int, float]]:
        """As `nearest`, by the products of all entries."""
        condition, values = allowed.condition()
        statement = (
            f"SELECT id, coalesce(person, {NOBODY}), value FROM live JOIN embedding ON entry = id"
            + (f" WHERE {condition}" if condition else "")
            + " ORDER BY id"
        )
        parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        with self._database.cursor("all_embeddings", binary=True) as cursor:
            cursor.execute(statement.encode(), values)
            while rows := cursor.fetchmany(_ROWS):
                entries, people, stored = zip(*rows, strict=True)
                scores = products(matrix(stored, self._dim, self._source), query)
                parts.append((np.array(entries), np.array(people), scores))
        if not parts:
            return []
        whole = [np.concatenate(each) for each in zip(*parts, strict=True)]
        return rank(whole[0], whole[1], whole[2], top, one_per_person)

    def nearest_people(self, query: np.ndarray, count: int) -> list[int]:
        """See `bireid_runtime.gallery.identifying.People`."""
        nearest = self.nearest(query, count, Filter(enrolled=True), one_per_person=True)
        entries = [entry for entry, _ in nearest]
        rows = self._database.execute("SELECT id, person FROM live WHERE id = ANY(%s)", (entries,))
        people: dict[int, int] = dict(rows.fetchall())
        return [int(people[entry]) for entry in entries]

    def mean_of_person(self, person: int) -> np.ndarray:
        """See `bireid_runtime.gallery.identifying.People`."""
        query = "SELECT id FROM live WHERE person = %s ORDER BY id"
        entries = [row[0] for row in self._database.execute(query, (person,))]
        return unit_mean(read_vectors(self._database, entries, self._dim, self._source))

    def label_of(self, person: int) -> str | None:
        """See `bireid_runtime.gallery.identifying.People`."""
        label = number(self._database, "SELECT label FROM person WHERE id = %s", (person,))
        return None if label is None else str(label)

    def _shortlist(
        self, query: np.ndarray, wanted: int, allowed: Filter, by_index: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the nearest entries by codes, int64 (K,), and their people."""
        condition, values = allowed.condition()
        code = f"%s::text::bit({self._dim})"
        # Of few entries that a filter leaves, the index would find a part only.
        if by_index and wanted <= _INDEX_TOP:
            # The planner takes the view's condition for one that leaves few.
            self._database.execute("SET LOCAL enable_sort = off")
            self._database.execute(f"SET LOCAL hnsw.ef_search = {wanted}".encode())
            self._database.execute("SET LOCAL hnsw.iterative_scan = strict_order")
            order = f"code OPERATOR({self._index}.<~>) {code}"
        else:
            self._database.execute("SET LOCAL enable_sort = on")
            order = f"bit_count(code # {code}), id"
        statement = (
            f"SELECT id, coalesce(person, {NOBODY}) FROM live"
            + (f" WHERE {condition}" if condition else "")
            + f" ORDER BY {order} LIMIT %s"
        )
        bits = "x" + sign_codes(query[None])[0].tobytes().hex()
        rows = self._database.execute(
            statement.encode(), [*values, bits, wanted], binary=True
        ).fetchall()
        table = np.array(rows, np.int64).reshape(len(rows), 2)
        return table[:, 0], table[:, 1]

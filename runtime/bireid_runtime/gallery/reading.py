"""Statements that read a gallery; the caller holds its lock."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from bireid_runtime.camera_statistics import CameraStatistics
from bireid_runtime.gallery.code_table import CodeTable
from bireid_runtime.gallery.records import Entry, Hit, Person, Records, Stats
from bireid_runtime.gallery.schema import Header
from bireid_runtime.gallery.vectors import read_vectors

_ROWS = 4096


def hits_of(
    database: sqlite3.Connection, table: CodeTable, found: Sequence[tuple[int, float]]
) -> list[Hit]:
    """What is known of rows of the table."""
    hits = []
    for row, score in found:
        entry = int(table.entries[row])
        person, label, camera, at, source = database.execute(
            "SELECT person, label, camera, at, source FROM entry "
            "LEFT JOIN person ON person.id = person WHERE entry.id = ?",
            (entry,),
        ).fetchone()
        hits.append(Hit(entry, score, person, label, camera, at, source))
    return hits


def read_people(database: sqlite3.Connection) -> list[Person]:
    """All people by their numbers."""
    rows = database.execute(
        "SELECT person.id, label, COUNT(entry.id), MIN(at), MAX(at) FROM person "
        "LEFT JOIN entry ON entry.person = person.id GROUP BY person.id ORDER BY person.id"
    )
    return [Person(*row) for row in rows]


def read_entries(
    database: sqlite3.Connection, person: int | None, entry: int | None, limit: int
) -> list[Entry]:
    """Entries, the latest first: of a person, or of a number, or any."""
    rows = database.execute(
        "SELECT entry.id, person, label, camera, at, source FROM entry "
        "LEFT JOIN person ON person.id = person "
        "WHERE (?1 IS NULL OR person = ?1) AND (?2 IS NULL OR entry.id = ?2) "
        "ORDER BY at DESC, entry.id DESC LIMIT ?3",
        (person, entry, limit),
    )
    return [Entry(*row) for row in rows]


def read_thumbnail(database: sqlite3.Connection, entry: int) -> bytes | None:
    """The JPEG that was kept with an entry; None if none was, or there is no such entry."""
    row = database.execute("SELECT jpeg FROM thumbnail WHERE entry = ?", (entry,)).fetchone()
    return None if row is None else bytes(row[0])


def has_camera(database: sqlite3.Connection, camera: str) -> bool:
    """Whether there is an entry of a camera."""
    query = "SELECT 1 FROM entry WHERE camera = ? LIMIT 1"
    return database.execute(query, (camera,)).fetchone() is not None


def read_statistics(
    database: sqlite3.Connection, camera: str, source: str
) -> CameraStatistics | None:
    """What was learned of a camera; None if nothing."""
    row = database.execute("SELECT statistics FROM camera WHERE name = ?", (camera,)).fetchone()
    if row is None:
        return None
    return CameraStatistics.from_bytes(bytes(row[0]), f"{source}: camera {camera!r}")


def read_records(
    database: sqlite3.Connection, last: int, dim: int, fingerprint: str, source: str
) -> tuple[int, Records | None]:
    """The next entries behind number `last`, and the number of the last of them; None at the end.

    Raises:
        GalleryError: An entry is damaged.
    """
    rows = database.execute(
        "SELECT entry.id, label, person, camera, at, source FROM entry "
        "LEFT JOIN person ON person.id = person WHERE entry.id > ? ORDER BY entry.id LIMIT ?",
        (last, _ROWS),
    ).fetchall()
    if not rows:
        return last, None
    entries, labels, people, cameras, at, sources = zip(*rows, strict=True)
    vectors = read_vectors(database, entries, dim, source)
    # Elsewhere a person is known by the label alone.
    named = tuple(
        label if label is not None or person is None else f"person {person}"
        for label, person in zip(labels, people, strict=True)
    )
    return entries[-1], Records(vectors, fingerprint, named, cameras, at, sources)


def read_stats(database: sqlite3.Connection, header: Header, path: Path) -> Stats:
    """What the gallery holds."""
    entries, sightings, first, last = database.execute(
        "SELECT COUNT(*), COUNT(*) - COUNT(person), MIN(at), MAX(at) FROM entry"
    ).fetchone()
    (people,) = database.execute("SELECT COUNT(*) FROM person").fetchone()
    cameras = database.execute(
        "SELECT camera, COUNT(*) FROM entry WHERE camera IS NOT NULL "
        "GROUP BY camera ORDER BY camera"
    ).fetchall()
    related = database.execute("SELECT fingerprint, note FROM related ORDER BY fingerprint")
    return Stats(
        entries=entries,
        people=people,
        sightings=sightings,
        cameras=dict(cameras),
        dim=header.dim,
        fingerprint=header.fingerprint,
        related=dict(related.fetchall()),
        retention_days=header.retention_days,
        first=first,
        last=last,
        bytes=path.stat().st_size,
    )

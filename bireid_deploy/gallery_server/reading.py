"""Statements that read a gallery; the caller holds the transaction."""

from collections.abc import Iterator, Sequence

import numpy as np
from bireid_runtime.camera_statistics import CameraStatistics
from bireid_runtime.gallery import Entry, Hit, Person, Records, Stats
from bireid_runtime.gallery.contents import Contents, Entries
from bireid_runtime.gallery.schema import Header
from bireid_runtime.gallery.vectors import matrix

from bireid_deploy.gallery_server.connection import Database, number

_ROWS = 4096


def read_vectors(database: Database, entries: Sequence[int], dim: int, source: str) -> np.ndarray:
    """The embeddings of entries, float32 (N, dim), in the order asked for.

    Raises:
        GalleryError: One is missing or damaged.
    """
    found: dict[int, bytes] = {}
    for begin in range(0, len(entries), _ROWS):
        part = list(entries[begin : begin + _ROWS])
        query = "SELECT entry, value FROM embedding WHERE entry = ANY(%s)"
        found.update(database.execute(query, (part,), binary=True).fetchall())
    return matrix([found.get(entry) for entry in entries], dim, source)


def hits_of(database: Database, found: Sequence[tuple[int, float]]) -> list[Hit]:
    """What is known of entries with their scores."""
    rows = database.execute(
        "SELECT live.id, person, label, camera, at, source FROM live "
        "LEFT JOIN person ON person.id = person WHERE live.id = ANY(%s)",
        ([entry for entry, _ in found],),
    )
    known = {row[0]: row[1:] for row in rows}
    return [Hit(entry, score, *known[entry]) for entry, score in found]


def read_people(database: Database) -> list[Person]:
    """All people by their numbers."""
    rows = database.execute(
        "SELECT person.id, label, count(live.id), min(at), max(at) FROM person "
        "LEFT JOIN live ON live.person = person.id GROUP BY person.id ORDER BY person.id"
    )
    return [Person(*row) for row in rows]


def read_entries(
    database: Database, person: int | None, entry: int | None, limit: int
) -> list[Entry]:
    """Entries, the latest first: of a person, or of a number, or any."""
    rows = database.execute(
        "SELECT live.id, person, label, camera, at, source FROM live "
        "LEFT JOIN person ON person.id = person "
        "WHERE (%(person)s::bigint IS NULL OR person = %(person)s) "
        "AND (%(entry)s::bigint IS NULL OR live.id = %(entry)s) "
        "ORDER BY at DESC, live.id DESC LIMIT %(limit)s",
        {"person": person, "entry": entry, "limit": limit},
    )
    return [Entry(*row) for row in rows]


def read_thumbnail(database: Database, entry: int) -> bytes | None:
    """The JPEG that was kept with an entry; None if none was, or there is no such entry."""
    query = "SELECT jpeg FROM live JOIN thumbnail ON thumbnail.entry = id WHERE id = %s"
    data = number(database, query, (entry,))
    return None if data is None else bytes(data)


def read_statistics(database: Database, camera: str, source: str) -> CameraStatistics | None:
    """What was learned of a camera; None if nothing."""
    data = number(database, "SELECT statistics FROM camera WHERE name = %s", (camera,))
    if data is None:
        return None
    return CameraStatistics.from_bytes(bytes(data), f"{source}: camera {camera!r}")


def read_all_statistics(database: Database) -> dict[str, bytes]:
    """What was learned, by camera, as `CameraStatistics.to_bytes`."""
    rows = database.execute("SELECT name, statistics FROM camera ORDER BY name").fetchall()
    return {name: bytes(data) for name, data in rows}


def read_records(
    database: Database, last: int, dim: int, fingerprint: str, source: str
) -> tuple[int, Records | None]:
    """The next entries behind number `last`, and the number of the last of them; None at the end.

    Raises:
        GalleryError: An entry is damaged.
    """
    rows = database.execute(
        "SELECT live.id, coalesce(label, 'person ' || person), camera, at, source FROM live "
        "LEFT JOIN person ON person.id = person WHERE live.id > %s ORDER BY live.id LIMIT %s",
        (last, _ROWS),
    ).fetchall()
    if not rows:
        return last, None
    entries, people, cameras, at, sources = zip(*rows, strict=True)
    vectors = read_vectors(database, entries, dim, source)
    return entries[-1], Records(vectors, fingerprint, people, cameras, at, sources)


def read_contents(database: Database, dim: int, source: str) -> Contents:
    """See `Gallery.contents`."""
    people = database.execute("SELECT id, label, created FROM person ORDER BY id").fetchall()
    related = database.execute("SELECT fingerprint, note FROM related").fetchall()
    return Contents(
        people=tuple((int(each[0]), each[1], float(each[2])) for each in people),
        related=dict(related),
        cameras=read_all_statistics(database),
        calibration=number(database, "SELECT json FROM calibration"),
        entries=_entries(database, dim, source),
    )


def _entries(database: Database, dim: int, source: str) -> Iterator[Entries]:
    last = 0
    while rows := database.execute(
        "SELECT id, person, camera, at, expires, source, jpeg FROM live "
        "LEFT JOIN thumbnail ON thumbnail.entry = id WHERE id > %s ORDER BY id LIMIT %s",
        (last, _ROWS),
    ).fetchall():
        numbers, people, cameras, at, expires, sources, pictures = zip(*rows, strict=True)
        last = numbers[-1]
        vectors = read_vectors(database, numbers, dim, source)
        yield Entries(numbers, people, cameras, at, expires, sources, pictures, vectors)


def read_stats(database: Database, header: Header) -> Stats:
    """What the gallery holds; its bytes are those of tables and indexes on the server."""
    row = database.execute(
        "SELECT count(*), count(*) - count(person), min(at), max(at) FROM live"
    ).fetchone()
    entries, sightings, first, last = row or (0, 0, None, None)
    cameras = database.execute(
        "SELECT camera, count(*) FROM live WHERE camera IS NOT NULL GROUP BY camera ORDER BY camera"
    ).fetchall()
    related = database.execute("SELECT fingerprint, note FROM related ORDER BY fingerprint")
    size = number(
        database,
        "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
        "WHERE relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'entry'::regclass) "
        "AND relkind = 'r'",
    )
    return Stats(
        entries=entries,
        people=number(database, "SELECT count(*) FROM person"),
        sightings=sightings,
        cameras=dict(cameras),
        dim=header.dim,
        fingerprint=header.fingerprint,
        related=dict(related.fetchall()),
        retention_days=header.retention_days,
        first=first,
        last=last,
        bytes=int(size),
    )

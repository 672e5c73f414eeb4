"""All of a gallery's file read, or written into an empty one; the caller holds the transaction."""

import sqlite3
from collections.abc import Iterator

from bireid_runtime.gallery.contents import Contents, Entries
from bireid_runtime.gallery.errors import GalleryError
from bireid_runtime.gallery.vectors import read_vectors
from bireid_runtime.search import sign_codes

_ROWS = 4096


def read(database: sqlite3.Connection, dim: int, source: str) -> Contents:
    """See `Gallery.contents`."""
    row = database.execute("SELECT json FROM calibration").fetchone()
    return Contents(
        people=tuple(database.execute("SELECT id, label, created FROM person ORDER BY id")),
        related=dict(database.execute("SELECT fingerprint, note FROM related").fetchall()),
        cameras=statistics(database),
        calibration=None if row is None else str(row[0]),
        entries=_entries(database, dim, source),
    )


def statistics(database: sqlite3.Connection) -> dict[str, bytes]:
    """What was learned, by camera, as `CameraStatistics.to_bytes`."""
    rows = database.execute("SELECT name, statistics FROM camera ORDER BY name")
    return {name: bytes(data) for name, data in rows}


def write_statistics(database: sqlite3.Connection, cameras: dict[str, bytes]) -> None:
    """Keep them, instead of others of the same cameras."""
    database.executemany("REPLACE INTO camera VALUES (?, ?)", cameras.items())


def write(database: sqlite3.Connection, contents: Contents, dim: int, source: str) -> int:
    """See `Gallery.restore`."""
    if database.execute("SELECT 1 FROM entry UNION SELECT 1 FROM person").fetchone():
        raise GalleryError(f"{source}: holds entries already; copy into a new gallery")
    database.executemany("INSERT INTO person VALUES (?, ?, ?)", contents.people)
    database.executemany("REPLACE INTO related VALUES (?, ?)", contents.related.items())
    write_statistics(database, contents.cameras)
    if contents.calibration is not None:
        database.execute("REPLACE INTO calibration VALUES (1, ?)", (contents.calibration,))
    count = 0
    for part in contents.entries:
        codes = [code.tobytes() for code in sign_codes(part.vectors)]
        database.executemany(
            "INSERT INTO entry(id, person, camera, at, expires, source, code) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            zip(
                *(part.numbers, part.people, part.cameras, part.at, part.expires, part.sources),
                codes,
                strict=True,
            ),
        )
        values = (row.astype("<f4", copy=False).tobytes() for row in part.vectors)
        database.executemany(
            "INSERT INTO vector VALUES (?, ?)", zip(part.numbers, values, strict=True)
        )
        pictures = zip(part.numbers, part.thumbnails, strict=True)
        database.executemany(
            "INSERT INTO thumbnail VALUES (?, ?)", (each for each in pictures if each[1])
        )
        count += len(part)
    return count


def _entries(database: sqlite3.Connection, dim: int, source: str) -> Iterator[Entries]:
    last = 0
    while rows := database.execute(
        "SELECT id, person, camera, at, expires, source, jpeg FROM entry "
        "LEFT JOIN thumbnail ON thumbnail.entry = id WHERE id > ? ORDER BY id LIMIT ?",
        (last, _ROWS),
    ).fetchall():
        numbers, people, cameras, at, expires, sources, pictures = zip(*rows, strict=True)
        last = numbers[-1]
        vectors = read_vectors(database, numbers, dim, source)
        yield Entries(numbers, people, cameras, at, expires, sources, pictures, vectors)

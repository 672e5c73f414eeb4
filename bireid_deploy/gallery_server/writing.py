"""Statements that change a gallery; the caller holds the transaction."""

from collections.abc import Sequence

from bireid_runtime.gallery import GalleryError, Records
from bireid_runtime.gallery.contents import Contents, Entries
from bireid_runtime.gallery.schema import now
from bireid_runtime.search import sign_codes

from bireid_deploy.gallery_server.connection import Database, number

# Entries that travel in one statement.
_ROWS = 4096


def insert(
    database: Database,
    records: Records,
    expires: float | None,
    thumbnails: Sequence[bytes | None] | None,
    created: float,
) -> list[int]:
    """Append entries; those whose source and time the gallery has already are left out.

    Returns:
        Numbers of the new entries.
    """
    labels = sorted({label for label in records.people if label is not None})
    people = {label: person_of_label(database, label, created) for label in labels}
    fresh: list[int] = []
    for begin in range(0, len(records), _ROWS):
        part = slice(begin, begin + _ROWS)
        vectors = records.vectors[part]
        numbers = database.execute(
            "SELECT nextval('entry_id_seq') FROM generate_series(1, %s)", (len(vectors),)
        ).fetchall()
        count = len(vectors)
        entries = Entries(
            tuple(row[0] for row in numbers),
            tuple(None if each is None else people[each] for each in records.people[part]),
            records.cameras[part],
            tuple(float(each) for each in records.at[part]),
            (expires,) * count,
            records.sources[part],
            (None,) * count if thumbnails is None else tuple(thumbnails[part]),
            vectors,
        )
        fresh += _insert_whole(database, entries)
    return fresh


def restore(database: Database, contents: Contents, source: str) -> int:
    """See `Gallery.restore`."""
    if number(database, "SELECT 1 FROM entry UNION SELECT 1 FROM person") is not None:
        raise GalleryError(f"{source}: holds entries already; copy into a new gallery")
    cursor = database.cursor()
    cursor.executemany("INSERT INTO person VALUES (%s, %s, %s)", contents.people)
    cursor.executemany("INSERT INTO related VALUES (%s, %s)", contents.related.items())
    write_statistics(database, contents.cameras)
    if contents.calibration is not None:
        cursor.execute("INSERT INTO calibration VALUES (1, %s)", (contents.calibration,))
    count = 0
    for part in contents.entries:
        _insert_whole(database, part)
        count += len(part)
    for table in ("person", "entry"):
        # Numbers are never used twice.
        query = f"SELECT setval('{table}_id_seq', (SELECT coalesce(max(id), 1) FROM {table}))"
        database.execute(query.encode())
    return count


def write_statistics(database: Database, cameras: dict[str, bytes]) -> None:
    """Keep what was learned, by camera, instead of what was known of the same cameras."""
    database.cursor().executemany(
        "INSERT INTO camera VALUES (%s, %s) "
        "ON CONFLICT (name) DO UPDATE SET statistics = EXCLUDED.statistics",
        cameras.items(),
    )


def person_of_label(database: Database, label: str, created: float) -> int:
    """Number of the person of that label, made if there is none."""
    found = number(database, "SELECT id FROM person WHERE label = %s", (label,))
    return new_person(database, label, created) if found is None else int(found)


def new_person(database: Database, label: str | None, created: float) -> int:
    """Number of a person that is made."""
    query = "INSERT INTO person(label, created) VALUES (%s, %s) RETURNING id"
    return int(number(database, query, (label, created)))


def require_person(database: Database, person: int, source: str) -> None:
    """Raise GalleryError unless there is that person."""
    if number(database, "SELECT 1 FROM person WHERE id = %s", (person,)) is None:
        raise GalleryError(f"{source}: has no person {person}; `gallery stats` lists them")


def require_entries(database: Database, entries: Sequence[int], source: str) -> list[int]:
    """Numbers of entries, each once.

    Raises:
        GalleryError: There is no such entry.
    """
    rows = database.execute("SELECT id FROM live WHERE id = ANY(%s)", (list(entries),))
    missing = set(entries) - {row[0] for row in rows}
    if missing:
        raise GalleryError(f"{source}: has no entry {min(missing)}")
    return list(dict.fromkeys(entries))


def delete(database: Database, entries: Sequence[int]) -> None:
    """Remove entries, and people who have none left."""
    rows = database.execute(
        "SELECT DISTINCT person FROM entry WHERE id = ANY(%s) AND person IS NOT NULL",
        (list(entries),),
    )
    people = [row[0] for row in rows]
    database.execute("DELETE FROM entry WHERE id = ANY(%s)", (list(entries),))
    remove_empty_people(database, people)


def remove_empty_people(database: Database, people: Sequence[int]) -> None:
    """Remove those of these people who have no entry."""
    database.execute(
        "DELETE FROM person WHERE id = ANY(%s) AND NOT EXISTS "
        "(SELECT FROM entry WHERE entry.person = person.id)",
        (list(people),),
    )


def name(database: Database, person: int, label: str, source: str) -> None:
    """See `Gallery.name`."""
    require_person(database, person, source)
    query = "SELECT 1 FROM person WHERE label = %s AND id <> %s"
    if number(database, query, (label, person)) is not None:
        raise GalleryError(f"{source}: another person is called {label!r}; merge the two")
    database.execute("UPDATE person SET label = %s WHERE id = %s", (label, person))


def merge_people(database: Database, person: int, other: int, source: str) -> None:
    """See `Gallery.merge_people`."""
    if person == other:
        raise GalleryError(f"{source}: person {person} is one already")
    for each in (person, other):
        require_person(database, each, source)
    database.execute("UPDATE entry SET person = %s WHERE person = %s", (person, other))
    label = number(database, "SELECT label FROM person WHERE id = %s", (other,))
    database.execute("DELETE FROM person WHERE id = %s", (other,))
    database.execute("UPDATE person SET label = coalesce(label, %s) WHERE id = %s", (label, person))


def split(database: Database, entries: Sequence[int], label: str | None) -> int:
    """See `Gallery.split`; the entries are there."""
    if label is None:
        person = new_person(database, None, now())
    else:
        person = person_of_label(database, label, now())
    rows = database.execute(
        "SELECT DISTINCT person FROM entry WHERE id = ANY(%s) AND person <> %s",
        (list(entries), person),
    )
    former = [row[0] for row in rows]
    database.execute("UPDATE entry SET person = %s WHERE id = ANY(%s)", (person, list(entries)))
    remove_empty_people(database, former)
    return person


def _insert_whole(database: Database, entries: Entries) -> list[int]:
    if not len(entries):
        return []
    codes = sign_codes(entries.vectors)
    dim = entries.vectors.shape[1]
    query = f"""
        INSERT INTO entry(id, person, camera, at, expires, source, code)
        SELECT id, person, camera, at, expires, source, ('x' || encode(code, 'hex'))::bit({dim})
        FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::float8[], %s::float8[],
                    %s::text[], %s::bytea[]) AS row(id, person, camera, at, expires, source, code)
        ON CONFLICT (source, at) WHERE source IS NOT NULL DO NOTHING RETURNING id"""
    columns = (
        *(entries.numbers, entries.people, entries.cameras),
        *(entries.at, entries.expires, entries.sources),
        [code.tobytes() for code in codes],
    )
    rows = database.execute(query.encode(), tuple(list(column) for column in columns))
    fresh = {row[0] for row in rows}
    kept = [place for place, entry in enumerate(entries.numbers) if entry in fresh]
    vectors = entries.vectors.astype("<f4", copy=False)
    _copy(database, "embedding", [(entries.numbers[at], vectors[at].tobytes()) for at in kept])
    pictures = [(entries.numbers[at], entries.thumbnails[at]) for at in kept]
    _copy(database, "thumbnail", [each for each in pictures if each[1] is not None])
    return [entries.numbers[place] for place in kept]


def _copy(database: Database, table: str, rows: Sequence[tuple[int, bytes | None]]) -> None:
    if not rows:
        return
    query = f"COPY {table} FROM STDIN (FORMAT BINARY)"
    with database.cursor() as cursor, cursor.copy(query.encode()) as copy:
        copy.set_types(["bigint", "bytea"])
        for row in rows:
            copy.write_row(row)


def expired(database: Database) -> list[int]:
    """Numbers of the entries that must go: by their own time, or by the gallery's retention."""
    rows = database.execute("SELECT id FROM entry EXCEPT SELECT id FROM live")
    return [int(row[0]) for row in rows]

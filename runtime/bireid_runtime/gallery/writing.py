"""Statements that change a gallery; the caller holds the transaction."""

import sqlite3
from collections.abc import Sequence

import numpy as np

from bireid_runtime.gallery.errors import GalleryError
from bireid_runtime.gallery.records import Records
from bireid_runtime.search import sign_codes

_PARAMETERS = 500


def count_edit(database: sqlite3.Connection) -> None:
    """Tell every reader that entries which it knows were changed or removed."""
    database.execute("UPDATE gallery SET edits = edits + 1")


def person_of_label(database: sqlite3.Connection, label: str, created: float) -> int:
    """Number of the person of that label, made if there is none."""
    row = database.execute("SELECT id FROM person WHERE label = ?", (label,)).fetchone()
    if row is not None:
        return int(row[0])
    return new_person(database, label, created)


def new_person(database: sqlite3.Connection, label: str | None, created: float) -> int:
    """Number of a person that is made."""
    made = database.execute("INSERT INTO person(label, created) VALUES (?, ?)", (label, created))
    return int(made.lastrowid or 0)


def require_person(database: sqlite3.Connection, person: int, source: str) -> None:
    """Raise GalleryError unless there is that person."""
    if database.execute("SELECT 1 FROM person WHERE id = ?", (person,)).fetchone() is None:
        raise GalleryError(f"{source}: has no person {person}; `gallery stats` lists them")


def insert(
    database: sqlite3.Connection,
    records: Records,
    expires: float | None,
    thumbnails: Sequence[bytes | None] | None,
    created: float,
) -> list[int]:
    """Append entries; those whose source and time the gallery has already are left out.

    Returns:
        Numbers of the new entries.
    """
    codes = sign_codes(records.vectors) if len(records) else ()
    labels = {label for label in records.people if label is not None}
    people = {label: person_of_label(database, label, created) for label in sorted(labels)}
    entries = []
    for row in range(len(records)):
        label = records.people[row]
        made = database.execute(
            "INSERT INTO entry(person, camera, at, expires, source, code) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT(source, at) WHERE source IS NOT NULL DO NOTHING",
            (
                *(None if label is None else people[label], records.cameras[row]),
                *(float(records.at[row]), expires, records.sources[row], codes[row].tobytes()),
            ),
        )
        if made.rowcount == 0:
            continue
        entry = int(made.lastrowid or 0)
        value = records.vectors[row].astype("<f4", copy=False).tobytes()
        database.execute("INSERT INTO vector VALUES (?, ?)", (entry, value))
        if thumbnails is not None and (picture := thumbnails[row]) is not None:
            database.execute("INSERT INTO thumbnail VALUES (?, ?)", (entry, picture))
        entries.append(entry)
    return entries


def delete(database: sqlite3.Connection, entries: Sequence[int]) -> None:
    """Remove entries, and people who have none left."""
    people: set[int] = set()
    for begin in range(0, len(entries), _PARAMETERS):
        part = list(entries[begin : begin + _PARAMETERS])
        marks = ",".join("?" * len(part))
        people |= {
            row[0]
            for row in database.execute(
                f"SELECT DISTINCT person FROM entry WHERE id IN ({marks}) AND person IS NOT NULL",
                part,
            )
        }
        database.execute(f"DELETE FROM entry WHERE id IN ({marks})", part)
    remove_empty_people(database, people)
    if entries:
        count_edit(database)


def remove_empty_people(database: sqlite3.Connection, people: set[int]) -> None:
    """Remove those of these people who have no entry."""
    for person in people:
        database.execute(
            "DELETE FROM person WHERE id = ? AND NOT EXISTS "
            "(SELECT 1 FROM entry WHERE person = person.id)",
            (person,),
        )


def expired(database: sqlite3.Connection, moment: float, retention_days: float | None) -> list[int]:
    """Numbers of the entries that must go: by their own time, or by the gallery's retention."""
    oldest = -np.inf if retention_days is None else moment - retention_days * 86400
    rows = database.execute(
        "SELECT id FROM entry WHERE expires <= ? OR at <= ?", (moment, float(oldest))
    )
    return [row[0] for row in rows]

"""Who is who in a gallery; the caller holds the transaction."""

import sqlite3
from collections.abc import Sequence

from bireid_runtime.gallery import schema, writing
from bireid_runtime.gallery.errors import GalleryError


def name(database: sqlite3.Connection, person: int, label: str, source: str) -> None:
    """See `Gallery.name`."""
    writing.require_person(database, person, source)
    taken = database.execute("SELECT 1 FROM person WHERE label = ? AND id <> ?", (label, person))
    if taken.fetchone():
        raise GalleryError(f"{source}: another person is called {label!r}; merge the two")
    database.execute("UPDATE person SET label = ? WHERE id = ?", (label, person))


def merge(database: sqlite3.Connection, person: int, other: int, source: str) -> None:
    """See `Gallery.merge_people`."""
    if person == other:
        raise GalleryError(f"{source}: person {person} is one already")
    for each in (person, other):
        writing.require_person(database, each, source)
    database.execute("UPDATE entry SET person = ? WHERE person = ?", (person, other))
    (label,) = database.execute("SELECT label FROM person WHERE id = ?", (other,)).fetchone()
    database.execute("DELETE FROM person WHERE id = ?", (other,))
    database.execute("UPDATE person SET label = COALESCE(label, ?) WHERE id = ?", (label, person))
    writing.count_edit(database)


def split(database: sqlite3.Connection, entries: Sequence[int], label: str | None) -> int:
    """See `Gallery.split`; the entries are there."""
    if label is None:
        person = writing.new_person(database, None, schema.now())
    else:
        person = writing.person_of_label(database, label, schema.now())
    former: set[int] = set()
    for entry in entries:
        (before,) = database.execute("SELECT person FROM entry WHERE id = ?", (entry,)).fetchone()
        if before not in (None, person):
            former.add(before)
        database.execute("UPDATE entry SET person = ? WHERE id = ?", (person, entry))
    writing.remove_empty_people(database, former)
    writing.count_edit(database)
    return person

"""Making sure that what was removed is in no file of the tables."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from bireid_runtime.gallery import GalleryError

from bireid_deploy.gallery_server.connection import Database, ServerConnection
from bireid_deploy.gallery_server.schema import owns

# All that says something about people.
_TABLES = ("embedding", "thumbnail", "entry", "person", "camera")
_PATIENCE = "10s"


def erase(connection: ServerConnection) -> None:
    """Write the tables anew without the rows that were removed, and their indexes with them.

    A plain VACUUM leaves bytes of removed rows in the free space of pages. The server's journal has
    them until it is done with those files.

    Raises:
        GalleryError: The gallery is another role's, or others still see the removed rows.
    """
    shown = connection.location.shown
    with connection.outside_transactions() as database:
        if not owns(database):
            raise GalleryError(f"{shown}: only its owner can erase what was removed")
        with _dead_rows(database) as dead, _lock_timeout(database):
            for table in _TABLES:
                try:
                    database.execute(f"VACUUM (FULL, VERBOSE) {table}".encode())
                except psycopg.errors.LockNotAvailable as error:
                    raise _still_read(shown) from error
        if sum(dead):
            raise _still_read(shown)


@contextmanager
def _dead_rows(database: Database) -> Iterator[list[int]]:
    """Counts of removed rows that had to stay, as VACUUM says them in whatever language."""
    counts: list[int] = []

    def listen(notice: psycopg.errors.Diagnostic) -> None:
        found = re.match(r"\D*(\d+)", notice.message_detail or "")
        if found:
            counts.append(int(found[1]))

    database.add_notice_handler(listen)
    try:
        yield counts
    finally:
        database.remove_notice_handler(listen)


@contextmanager
def _lock_timeout(database: Database) -> Iterator[None]:
    database.execute(f"SET lock_timeout = '{_PATIENCE}'".encode())
    try:
        yield
    finally:
        if not database.closed:
            database.execute("RESET lock_timeout")


def _still_read(shown: str) -> GalleryError:
    return GalleryError(
        f"{shown}: another process reads it, so removed bytes remain in its files; run "
        "`gallery expire` when it is done"
    )

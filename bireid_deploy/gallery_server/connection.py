"""A connection to PostgreSQL that comes back after the server was away."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

import psycopg
from bireid_runtime.gallery.errors import GalleryError
from psycopg.rows import TupleRow

from bireid_deploy.gallery_server.location import ServerLocation

Database = psycopg.Connection[TupleRow]

_CONNECT_SECONDS = 10
_PAUSE_SECONDS = 0.1


class ServerConnection:
    """One connection, shared by the threads of a process, which wait for each other.

    Args:
        location: The gallery; opened at once.

    Raises:
        GalleryError: The server cannot be reached, or refuses the login.
    """

    def __init__(self, location: ServerLocation) -> None:
        self.location = location
        self._lock = RLock()
        self._closed = False
        with self.guarded():
            self._database = self._connect()

    def close(self) -> None:
        """Close it; twice does no harm."""
        self._closed = True
        self._database.close()

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """One state of the gallery, whatever others write meanwhile."""
        with self._transaction("REPEATABLE READ, READ ONLY") as database:
            yield database

    @contextmanager
    def writing(self, durable: bool = True) -> Iterator[Database]:
        """All that is written inside, or none of it; one writer of a gallery at a time.

        Args:
            durable: Whether it must survive a power cut.
        """
        with self._transaction("READ COMMITTED") as database:
            if not durable:
                database.execute("SET LOCAL synchronous_commit = off")
            # Two that name one person, or know one source, would wait for each other.
            database.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (self.location.schema,)
            )
            yield database

    @contextmanager
    def outside_transactions(self) -> Iterator[Database]:
        """For what PostgreSQL refuses inside a transaction."""
        with self._lock, self.guarded():
            yield self._revived("SELECT 1")

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Turn failures of the server into the error of galleries, in one line."""
        try:
            yield
        except psycopg.errors.InsufficientPrivilege as error:
            raise GalleryError(
                f"{self.location.shown}: {_one_line(error)}; its owner gives rights by "
                "`gallery grant`"
            ) from error
        except (psycopg.Error, UnicodeError) as error:
            raise GalleryError(f"{self.location.shown}: {_one_line(error)}") from error

    @contextmanager
    def _transaction(self, mode: str) -> Iterator[Database]:
        with self._lock, self.guarded():
            database = self._revived(f"BEGIN ISOLATION LEVEL {mode}")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                if not database.closed:
                    database.execute("ROLLBACK")
                raise

    def _revived(self, first: str) -> Database:
        """The connection after its first statement, which shows whether the server is there."""
        if self._closed:
            raise GalleryError(f"{self.location.shown}: was closed")
        deadline = time.monotonic() + _CONNECT_SECONDS
        while True:
            try:
                if self._database.closed:
                    self._database = self._connect()
                self._database.execute(first)
                return self._database
            except psycopg.OperationalError:
                # Nothing of this transaction was done yet: it is safe to begin again.
                self._database.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)

    def _connect(self) -> Database:
        database: Database = psycopg.connect(
            self.location.url,
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            prepare_threshold=None,
            client_encoding="utf8",
            application_name="bireid-deploy",
        )
        # The catalogue comes before these by itself, temporary tables of a stranger behind them.
        path = f"{self.location.schema}, pg_temp"
        database.execute("SELECT set_config('search_path', %s, false)", (path,))
        return database


def number(database: Database, query: str, parameters: tuple[Any, ...] = ()) -> Any:
    """The one value that a query gives; None without a row."""
    row = database.execute(query, parameters).fetchone()
    return None if row is None else row[0]


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())

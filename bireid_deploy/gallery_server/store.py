"""A gallery in PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import numpy as np
from bireid_runtime.calibration import Calibration
from bireid_runtime.camera_statistics import CameraStatistics
from bireid_runtime.gallery import (
    Entry,
    GalleryStore,
    Hit,
    Match,
    Person,
    Records,
    Stats,
    arguments,
    centring,
)
from bireid_runtime.gallery.contents import Contents
from bireid_runtime.gallery.identifying import match_people, thresholds
from bireid_runtime.gallery.schema import Header, now

from bireid_deploy.gallery_server import erasing, reading, schema, writing
from bireid_deploy.gallery_server.connection import Database, ServerConnection, number
from bireid_deploy.gallery_server.finding import Filter, ServerFinder
from bireid_deploy.gallery_server.location import read_location


class ServerGallery:
    """People, cameras, times and embeddings of one network in a schema of PostgreSQL.

    It fulfils `GalleryStore`: `bireid_runtime.gallery.Gallery` documents every method. Several
    processes on several machines may write; they wait for each other. A server that was away is
    connected to again by the next call; a call that it broke off says so and has written nothing
    unless the server had already kept all of it.

    Attributes:
        path: Where it is, without a password.
        dim: D, numbers of an embedding.
        fingerprint: The network whose embeddings it holds.
        retention_days: Days after which entries go, or None.
    """

    def __init__(self, connection: ServerConnection, header: Header) -> None:
        self.path = connection.location.shown
        self.dim = header.dim
        self.fingerprint = header.fingerprint
        self.retention_days = header.retention_days
        self._header = header
        self._connection = connection
        with connection.reading() as database:
            indexed = schema.has_code_index(database)
            self._index = schema.extension_schema(database) if indexed else None

    @classmethod
    def create(
        cls, location: str, fingerprint: str, dim: int, retention_days: float | None = None
    ) -> Self:
        """Make a gallery; with pgvector in the database its codes are indexed.

        Args:
            location: As for `read_location`; the role must be allowed to make schemas there.
            fingerprint: As for `Gallery.create`; likewise the others.
            dim: See `fingerprint`.
            retention_days: See `fingerprint`.

        Raises:
            GalleryError: It is there already, or cannot be made.
            ArgumentError: An impossible number, or no URL.
        """
        connection = ServerConnection(read_location(location))
        try:
            schema.create(connection, Header(fingerprint, dim, retention_days, now()))
        finally:
            connection.close()
        return cls.open(location)

    @classmethod
    def open(cls, location: str, fingerprint: str | None = None) -> Self:
        """Open a gallery; its owner also removes what has expired, others do not see it.

        Args:
            location: As for `read_location`.
            fingerprint: The network that will be used with it; None to look only at this.

        Raises:
            GalleryError: It is missing, of another version, or the server cannot be reached.
            FingerprintError: It holds embeddings of another network.
        """
        connection = ServerConnection(read_location(location))
        try:
            gallery = cls(connection, schema.read_header(connection))
            if fingerprint is not None:
                gallery.require(fingerprint)
            gallery.expire()
        except BaseException:
            connection.close()
            raise
        return gallery

    def close(self) -> None:
        """Close the connection; twice does no harm."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def require(self, fingerprint: str) -> None:
        """See `Gallery.require`."""
        if fingerprint == self.fingerprint:
            return
        with self._connection.reading() as database:
            query = "SELECT 1 FROM related WHERE fingerprint = %s"
            if number(database, query, (fingerprint,)) is not None:
                return
        raise centring.refusal(self.path, self.fingerprint, fingerprint)

    def relate(self, fingerprint: str, note: str) -> None:
        """See `Gallery.relate`; for the owner."""
        arguments.require_note(note)
        with self._connection.writing() as database:
            database.execute(
                "INSERT INTO related VALUES (%s, %s) "
                "ON CONFLICT (fingerprint) DO UPDATE SET note = EXCLUDED.note",
                (fingerprint, note),
            )

    def calibrate(self, table: str) -> None:
        """See `Gallery.calibrate`; for the owner."""
        Calibration.from_text(table, "the calibration")
        with self._connection.writing() as database:
            database.execute(
                "INSERT INTO calibration VALUES (1, %s) "
                "ON CONFLICT (one) DO UPDATE SET json = EXCLUDED.json",
                (table,),
            )

    def calibration(self) -> Calibration | None:
        """See `Gallery.calibration`."""
        with self._connection.reading() as database:
            text = number(database, "SELECT json FROM calibration")
        return None if text is None else Calibration.from_text(str(text), self.path)

    def expire(self) -> int:
        """See `Gallery.expire`; does nothing for others than the owner, who do not see them."""
        with self._connection.reading() as database:
            if not schema.owns(database) or not writing.expired(database):
                return 0
        with self._connection.writing() as database:
            entries = writing.expired(database)
            writing.delete(database, entries)
        self.erase()
        return len(entries)

    def erase(self) -> None:
        """Write the tables anew, so that nothing of what was removed is in their files.

        Raises:
            GalleryError: Another process reads, or the gallery is another role's.
        """
        erasing.erase(self._connection)

    def stats(self) -> Stats:
        """See `Gallery.stats`."""
        with self._connection.reading() as database:
            return reading.read_stats(database, self._header)

    def add(
        self,
        vectors: np.ndarray,
        *,
        fingerprint: str | None = None,
        person: str | Sequence[str | None] | None = None,
        camera: str | Sequence[str | None] | None = None,
        at: float | Sequence[float] | None = None,
        source: str | Sequence[str | None] | None = None,
        expires: float | None = None,
        thumbnails: Sequence[bytes | None] | None = None,
    ) -> list[int]:
        """See `Gallery.add`."""
        rows = arguments.unit_rows(vectors, self.dim)
        if fingerprint is not None:
            self.require(fingerprint)
        moment = now()
        records = arguments.records_of(
            rows,
            self.fingerprint,
            person,
            camera,
            moment if at is None else at,
            source,
            thumbnails,
        )
        return self._insert(records, expires, thumbnails, moment)

    def load(self, records: Records) -> int:
        """See `Gallery.load`."""
        self.require(records.fingerprint)
        arguments.unit_rows(records.vectors, self.dim)
        return len(self._insert(records, None, None, now()))

    def merge(self, other: GalleryStore) -> int:
        """See `Gallery.merge`."""
        self.require(other.fingerprint)
        if centring.is_centred(self.fingerprint):
            with other.contents() as contents:
                others = contents.cameras
            with self._connection.writing() as database:
                own = reading.read_all_statistics(database)
                fresh = centring.adopted(own, others, self.path, other.path)
                writing.write_statistics(database, fresh)
        return sum(self.load(part) for part in other.records())

    def remove(
        self,
        entries: Sequence[int] = (),
        *,
        person: int | None = None,
        camera: str | None = None,
        before: float | None = None,
    ) -> int:
        """See `Gallery.remove`; for the owner, since nobody else can erase."""
        given = arguments.choice(entries, person, camera, before)
        with self._connection.writing() as database:
            if not given:
                chosen = writing.require_entries(database, entries, self.path)
            else:
                if person is not None:
                    writing.require_person(database, person, self.path)
                text = " AND ".join(
                    f"{column} {'<' if column == 'at' else '='} %s" for column in given
                )
                statement = f"SELECT id FROM entry WHERE {text}"
                rows = database.execute(statement.encode(), tuple(given.values()))
                chosen = [row[0] for row in rows]
            writing.delete(database, chosen)
        self.erase()
        return len(chosen)

    def search(
        self,
        queries: np.ndarray,
        top: int = 10,
        *,
        cameras: Sequence[str] | None = None,
        since: float | None = None,
        until: float | None = None,
        enrolled: bool = False,
        one_per_person: bool = True,
        exact: bool = False,
        threads: int = 1,
    ) -> list[list[Hit]]:
        """See `Gallery.search`; the server decides how many `threads` scan.

        Without a filter pgvector's index may miss a few of the nearest; `exact` misses none.
        """
        rows = arguments.unit_rows(queries, self.dim)
        arguments.require_top(top)
        allowed = Filter(cameras, since, until, enrolled)
        with self._finding() as (database, finder):
            find = finder.nearest_of_all if exact else finder.nearest
            found = [find(row, top, allowed, one_per_person) for row in rows]
            return [reading.hits_of(database, each) for each in found]

    def match(
        self,
        queries: np.ndarray,
        same: float | None = None,
        different: float | None = None,
        *,
        fmr: float | None = None,
        fpir: float | None = None,
        threads: int = 1,
    ) -> list[Match]:
        """See `Gallery.match`; the server decides how many `threads` scan."""
        rows = arguments.unit_rows(queries, self.dim)
        calibration = self.calibration()
        same, lower = thresholds(
            calibration, same, different, fmr, fpir, lambda: self.stats().people, self.path
        )
        with self._finding() as (_, finder):
            return match_people(finder, rows, same, lower, calibration)

    def name(self, person: int, label: str) -> None:
        """See `Gallery.name`."""
        with self._connection.writing() as database:
            writing.name(database, person, label, self.path)

    def merge_people(self, person: int, other: int) -> None:
        """See `Gallery.merge_people`."""
        with self._connection.writing() as database:
            writing.merge_people(database, person, other, self.path)

    def split(self, entries: Sequence[int], label: str | None = None) -> int:
        """See `Gallery.split`."""
        arguments.choice(entries, None, None, None)
        with self._connection.writing() as database:
            chosen = writing.require_entries(database, entries, self.path)
            return writing.split(database, chosen, label)

    def learn(self, camera: str, rows: np.ndarray) -> CameraStatistics:
        """See `Gallery.learn`."""
        with self._connection.writing(durable=False) as database:
            query = "SELECT 1 FROM live WHERE camera = %s LIMIT 1"
            used = (
                centring.is_centred(self.fingerprint)
                and number(database, query, (camera,)) is not None
            )
            known = reading.read_statistics(database, camera, self.path)
            statistics = centring.learned(known, self.dim, camera, used, self.path)
            statistics.add(rows)
            writing.write_statistics(database, {camera: statistics.to_bytes()})
        return statistics

    def statistics(self, camera: str) -> CameraStatistics | None:
        """See `Gallery.statistics`."""
        with self._connection.reading() as database:
            return reading.read_statistics(database, camera, self.path)

    def people(self) -> list[Person]:
        """See `Gallery.people`."""
        with self._connection.reading() as database:
            return reading.read_people(database)

    def entries(
        self, *, person: int | None = None, entry: int | None = None, limit: int = 1000
    ) -> list[Entry]:
        """See `Gallery.entries`."""
        arguments.require_limit(limit)
        with self._connection.reading() as database:
            return reading.read_entries(database, person, entry, limit)

    def thumbnail(self, entry: int) -> bytes | None:
        """See `Gallery.thumbnail`."""
        with self._connection.reading() as database:
            return reading.read_thumbnail(database, entry)

    def records(self) -> Iterator[Records]:
        """See `Gallery.records`."""
        last = 0
        while True:
            with self._connection.reading() as database:
                last, part = reading.read_records(
                    database, last, self.dim, self.fingerprint, self.path
                )
            if part is None:
                return
            yield part

    @contextmanager
    def contents(self) -> Iterator[Contents]:
        """See `Gallery.contents`."""
        with self._connection.reading() as database:
            yield reading.read_contents(database, self.dim, self.path)

    def restore(self, contents: Contents) -> int:
        """See `Gallery.restore`."""
        with self._connection.writing() as database:
            return writing.restore(database, contents, self.path)

    def _insert(
        self,
        records: Records,
        expires: float | None,
        thumbnails: Sequence[bytes | None] | None,
        moment: float,
    ) -> list[int]:
        # Who is enrolled must survive a power cut; a sighting may be seen again.
        durable = any(each is not None for each in records.people)
        with self._connection.writing(durable) as database:
            return writing.insert(database, records, expires, thumbnails, moment)

    @contextmanager
    def _finding(self) -> Iterator[tuple[Database, ServerFinder]]:
        with self._connection.reading() as database:
            yield database, ServerFinder(database, self.dim, self.path, self._index)

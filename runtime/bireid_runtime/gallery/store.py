"""The gallery: who was seen where and when, and search in it."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from bireid_runtime.camera_statistics import CameraStatistics
from bireid_runtime.gallery import arguments, centring, copying, people, schema, writing
from bireid_runtime.gallery.code_table import CodeTable
from bireid_runtime.gallery.contents import Contents
from bireid_runtime.gallery.errors import GalleryError
from bireid_runtime.gallery.file import GalleryFile
from bireid_runtime.gallery.finding import Finder
from bireid_runtime.gallery.identifying import match_people, thresholds
from bireid_runtime.gallery.protocol import GalleryStore
from bireid_runtime.gallery.reading import (
    has_camera,
    hits_of,
    read_entries,
    read_people,
    read_records,
    read_statistics,
    read_thumbnail,
)
from bireid_runtime.gallery.records import Entry, Hit, Match, Person, Records
from bireid_runtime.gallery.schema import Header


class Gallery(GalleryFile):
    """People, cameras, times and embeddings of one network in one SQLite file.

    `Gallery.create` makes one, `Gallery.open` opens it. One object serves several threads, which
    wait for each other; several processes may read beside one that writes. Not for network disks,
    and not to be used on both sides of a fork.
    """

    def __init__(self, path: Path, database: sqlite3.Connection, header: Header) -> None:
        super().__init__(path, database, header)
        self._table = CodeTable(header.dim, str(path))

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
        """Append entries, all or none.

        Args:
            vectors: float32 (N, D) or (D,), rows of unit length.
            fingerprint: The network that they come from; None if `open` was told.
            person: Label of the person, or one per row; None for a sighting.
            camera: Name of the camera, or one per row.
            at: When, seconds since 1970, or one per row; None for now.
            source: What each was made of. An entry with the source and the time of one that is
                there is left out.
            expires: When they go, seconds since 1970.
            thumbnails: JPEG bytes of each, or None: nothing of a picture is kept unless given.

        Returns:
            Numbers of the new entries, by the order of the rows.

        Raises:
            ArgumentError: A shape, dtype or value is another.
            FingerprintError: As `require`.
            GalleryError: It cannot be written.
        """
        rows = arguments.unit_rows(vectors, self.dim)
        if fingerprint is not None:
            self.require(fingerprint)
        moment = schema.now()
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
        """Append entries that another gallery, or a file, gave; known ones are left out.

        Returns:
            How many were new.

        Raises:
            FingerprintError, ArgumentError, GalleryError: As `add`.
        """
        self.require(records.fingerprint)
        arguments.unit_rows(records.vectors, self.dim)
        return len(self._insert(records, None, None, schema.now()))

    def merge(self, other: GalleryStore) -> int:
        """Take over the entries of another gallery; a second time adds nothing that has a source.

        With centred entries come the statistics of their cameras.

        Returns:
            How many were new.

        Raises:
            FingerprintError, GalleryError: As `load`; or both have learned of one centred camera.
        """
        self.require(other.fingerprint)
        if centring.is_centred(self.fingerprint):
            with other.contents() as contents:
                others = contents.cameras
            with self._writing():
                own = copying.statistics(self._database)
                new = centring.adopted(own, others, self.path, other.path)
                copying.write_statistics(self._database, new)
        return sum(self.load(part) for part in other.records())

    def remove(
        self,
        entries: Sequence[int] = (),
        *,
        person: int | None = None,
        camera: str | None = None,
        before: float | None = None,
    ) -> int:
        """Remove entries for good: their bytes are overwritten in the file and in its journal.

        Args:
            entries: Their numbers; or else all that fit the others, of which one at least is given.
            person: Only that person's.
            camera: Only those of that camera.
            before: Only those of before that second since 1970.

        Returns:
            How many were removed.

        Raises:
            GalleryError: There is no such entry or person; or another process reads on, so that
                bytes remain in the journal: `erase` when it is done.
        """
        with self._writing(durable=True):
            chosen = self._choose(entries, person, camera, before)
            writing.delete(self._database, chosen)
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
        """The entries that resemble queries most.

        Args:
            queries: float32 (N, D) or (D,), rows of unit length.
            top: Hits wanted of each, 1 to 65536.
            cameras: Only entries of these cameras.
            since: Only entries of that second since 1970 or later.
            until: Only entries of before that second.
            enrolled: Only entries of people, no sightings.
            one_per_person: Only the best entry of every person.
            exact: Compare with every embedding, read from the file. Otherwise the codes choose a
                few hundred; scores are those of the embeddings either way.
            threads: Threads of the scan.

        Returns:
            Per query the hits, the highest score first, of equal ones the lower entry.

        Raises:
            ArgumentError, GalleryError: A bad argument; a damaged file.
        """
        rows = arguments.unit_rows(queries, self.dim)
        arguments.require_top(top)
        with self._reading(threads) as finder:
            allowed = self._table.allowed(cameras, since, until, enrolled)
            find = finder.nearest_of_all if exact else finder.nearest
            found = [find(row, top, allowed, one_per_person) for row in rows]
            return [hits_of(self._database, self._table, each) for each in found]

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
        """Whether queries are people of the gallery.

        Args:
            queries: As for `search`.
            same: Scores from here on mean the same person.
            different: Scores below mean another one, those between are undecided; None for `same`.
            fmr: Instead of both: the share of comparisons of two people that may be called the
                same. Below the calibration's lowest threshold people are different.
            fpir: Instead of `fmr`: the share of strangers that may be taken for anybody of the
                gallery, as many people as it has.
            threads: Threads of the scan.

        Raises:
            ArgumentError: Not one of `same`, `fmr` and `fpir`; `different` is above `same`; or the
                calibration does not support the rate, or there is none.
            GalleryError: A damaged file.
        """
        rows = arguments.unit_rows(queries, self.dim)
        calibration = self.calibration()
        same, lower = thresholds(
            calibration, same, different, fmr, fpir, lambda: self.stats().people, self.path
        )
        with self._reading(threads) as finder:
            return match_people(finder, rows, same, lower, calibration)

    def name(self, person: int, label: str) -> None:
        """Give a person a label, or another one.

        Raises:
            GalleryError: There is no such person, or the label is another's: `merge_people` then.
        """
        with self._writing(durable=True):
            people.name(self._database, person, label, str(self.path))

    def merge_people(self, person: int, other: int) -> None:
        """Make the entries of `other` those of `person`; a label is kept, `person`'s first.

        Raises:
            GalleryError: There is no such person, or both are one.
        """
        with self._writing(durable=True):
            people.merge(self._database, person, other, str(self.path))

    def split(self, entries: Sequence[int], label: str | None = None) -> int:
        """Make entries those of one person of their own: a new one, or the one of that label.

        Returns:
            Number of the person.

        Raises:
            GalleryError: There is no such entry.
        """
        with self._writing(durable=True):
            chosen = self._choose(entries, None, None, None)
            return people.split(self._database, chosen, label)

    def learn(self, camera: str, rows: np.ndarray) -> CameraStatistics:
        """Count embeddings of a camera into its mean and deviation, which the gallery keeps.

        Args:
            camera: Name of the camera.
            rows: float32 (N, D), as the network gives them: not centred.

        Returns:
            The statistics so far: `apply` takes a camera's mean out of what is added or sought.

        Raises:
            GalleryError: Centred entries are of that camera: they could not follow.
        """
        with self._writing():
            used = centring.is_centred(self.fingerprint) and has_camera(self._database, camera)
            known = read_statistics(self._database, camera, str(self.path))
            statistics = centring.learned(known, self.dim, camera, used, self.path)
            statistics.add(rows)
            copying.write_statistics(self._database, {camera: statistics.to_bytes()})
        return statistics

    def statistics(self, camera: str) -> CameraStatistics | None:
        """What `learn` was given of a camera; None if nothing."""
        with self._lock, self._guarded():
            return read_statistics(self._database, camera, str(self.path))

    def people(self) -> list[Person]:
        """All people, by their numbers."""
        with self._lock, self._guarded():
            return read_people(self._database)

    def entries(
        self, *, person: int | None = None, entry: int | None = None, limit: int = 1000
    ) -> list[Entry]:
        """Entries without their embeddings, the latest first: where and when somebody was seen.

        Args:
            person: Only that person's.
            entry: Only the one of that number.
            limit: How many at most, 1 or more.

        Raises:
            ArgumentError: A limit below 1.
        """
        arguments.require_limit(limit)
        with self._lock, self._guarded():
            return read_entries(self._database, person, entry, limit)

    def thumbnail(self, entry: int) -> bytes | None:
        """The JPEG that `add` was given with an entry; None if none, or there is no such entry."""
        with self._lock, self._guarded():
            return read_thumbnail(self._database, entry)

    def records(self) -> Iterator[Records]:
        """All entries, some thousand at a time, by their numbers.

        Raises:
            GalleryError: An entry is damaged.
        """
        last = 0
        while True:
            with self._lock, self._guarded():
                last, part = read_records(
                    self._database, last, self.dim, self.fingerprint, str(self.path)
                )
            if part is None:
                return
            yield part

    @contextmanager
    def contents(self) -> Iterator[Contents]:
        """All that it holds, to be read inside the `with`: others may go on writing meanwhile.

        Raises:
            GalleryError: An entry is damaged.
        """
        with self._lock, self._guarded():
            self._database.execute("BEGIN")
            try:
                yield copying.read(self._database, self.dim, str(self.path))
            finally:
                self._database.execute("COMMIT")

    def restore(self, contents: Contents) -> int:
        """Fill a gallery that has nobody and nothing with what another holds, all or none.

        Numbers of people and entries, times, thumbnails, statistics and the calibration stay.

        Returns:
            How many entries there are.

        Raises:
            GalleryError: It holds something, or cannot be written.
        """
        with self._writing(durable=True):
            return copying.write(self._database, contents, self.dim, str(self.path))

    def _insert(
        self,
        records: Records,
        expires: float | None,
        thumbnails: Sequence[bytes | None] | None,
        moment: float,
    ) -> list[int]:
        # Who is enrolled must survive a power cut; a sighting may be seen again.
        with self._writing(durable=any(each is not None for each in records.people)):
            return writing.insert(self._database, records, expires, thumbnails, moment)

    def _choose(
        self,
        entries: Sequence[int],
        person: int | None,
        camera: str | None,
        before: float | None,
    ) -> list[int]:
        given = arguments.choice(entries, person, camera, before)
        if given:
            if person is not None:
                writing.require_person(self._database, person, str(self.path))
            where = " AND ".join(f"{column} {'<' if column == 'at' else '='} ?" for column in given)
            rows = self._database.execute(
                f"SELECT id FROM entry WHERE {where}", tuple(given.values())
            )
            return [row[0] for row in rows]
        for entry in entries:
            if not self._database.execute("SELECT 1 FROM entry WHERE id = ?", (entry,)).fetchone():
                raise GalleryError(f"{self.path}: has no entry {entry}")
        return list(dict.fromkeys(entries))

    @contextmanager
    def _reading(self, threads: int) -> Iterator[Finder]:
        with self._lock, self._guarded():
            self._database.execute("BEGIN")
            try:
                self._table.refresh(self._database)
                yield Finder(self._database, self._table, self.dim, str(self.path), threads)
            finally:
                self._database.execute("COMMIT")

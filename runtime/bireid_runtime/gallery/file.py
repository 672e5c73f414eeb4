"""The file of a gallery, opened: whose embeddings it holds, and how long it keeps them."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Self

from bireid_runtime.calibration import Calibration
from bireid_runtime.gallery import arguments, centring, schema, writing
from bireid_runtime.gallery.errors import GalleryError
from bireid_runtime.gallery.reading import read_stats
from bireid_runtime.gallery.records import Stats
from bireid_runtime.gallery.schema import Header


class GalleryFile:
    """An open file; `Gallery` is what one does with it.

    Attributes:
        path: The file.
        dim: D, numbers of an embedding.
        fingerprint: The network whose embeddings it holds.
        retention_days: Days after which entries go, or None.
    """

    def __init__(self, path: Path, database: sqlite3.Connection, header: Header) -> None:
        self.path = path
        self.dim = header.dim
        self.fingerprint = header.fingerprint
        self.retention_days = header.retention_days
        self._header = header
        self._database = database
        self._lock = RLock()

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        fingerprint: str,
        dim: int,
        retention_days: float | None = None,
    ) -> Self:
        """Make a gallery.

        Args:
            path: File that must not be there.
            fingerprint: `fingerprint` of the bundle that embeds; what `centred_fingerprint` makes
                of it for embeddings that `learn` has centred.
            dim: Its `embedding_dim`, 1 to 65536.
            retention_days: Days after which entries go; None keeps them.

        Raises:
            GalleryError: It is there already, or cannot be made.
            ArgumentError: An impossible number.
        """
        schema.create(Path(path), Header(fingerprint, dim, retention_days, schema.now()))
        return cls.open(path)

    @classmethod
    def open(cls, path: str | os.PathLike[str], fingerprint: str | None = None) -> Self:
        """Open a gallery, and remove what has expired.

        Args:
            path: The file.
            fingerprint: The network that will be used with it; None to look only at this.

        Raises:
            GalleryError: It is missing, no gallery, damaged, or of another version.
            FingerprintError: It holds embeddings of another network.
        """
        database, header = schema.connect(Path(path))
        gallery = cls(Path(path), database, header)
        try:
            if fingerprint is not None:
                gallery.require(fingerprint)
            gallery.expire()
        except BaseException:
            gallery.close()
            raise
        return gallery

    def close(self) -> None:
        """Close the file; twice does no harm."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def require(self, fingerprint: str) -> None:
        """Make sure that embeddings of a network may be compared with those in here.

        Raises:
            FingerprintError: They are of another network or adaptation, or centred by camera and
                those in here not, or the reverse, and `relate` was not told that they may.
        """
        if fingerprint == self.fingerprint:
            return
        with self._lock, self._guarded():
            known = self._database.execute(
                "SELECT 1 FROM related WHERE fingerprint = ?", (fingerprint,)
            ).fetchone()
        if known is not None:
            return
        raise centring.refusal(self.path, self.fingerprint, fingerprint)

    def relate(self, fingerprint: str, note: str) -> None:
        """Allow embeddings of another network beside those in here, such as another adaptation.

        Args:
            fingerprint: The other one.
            note: Why the two may be compared; kept.
        """
        arguments.require_note(note)
        with self._writing():
            self._database.execute("REPLACE INTO related VALUES (?, ?)", (fingerprint, note))

    def calibrate(self, table: str) -> None:
        """Keep what scores mean on the cameras of this gallery.

        Args:
            table: JSON, as the key `calibration` of a manifest.

        Raises:
            BundleError: It is malformed.
        """
        Calibration.from_text(table, "the calibration")
        with self._writing(durable=True):
            self._database.execute("REPLACE INTO calibration VALUES (1, ?)", (table,))

    def calibration(self) -> Calibration | None:
        """What `calibrate` was given; None if nothing."""
        with self._lock, self._guarded():
            row = self._database.execute("SELECT json FROM calibration").fetchone()
        return None if row is None else Calibration.from_text(str(row[0]), str(self.path))

    def expire(self) -> int:
        """Remove entries whose time is over, for good; `open` does so too.

        Returns:
            How many were removed.
        """
        days = self._header.retention_days
        with self._lock, self._guarded():
            due = writing.expired(self._database, schema.now(), days)
        if not due:
            return 0
        with self._writing(durable=True):
            entries = writing.expired(self._database, schema.now(), days)
            writing.delete(self._database, entries)
        self.erase()
        return len(entries)

    def erase(self) -> None:
        """Empty the journal, which still holds what was removed.

        Raises:
            GalleryError: Another process reads.
        """
        with self._lock, self._guarded():
            busy, *_ = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise GalleryError(
                f"{self.path}: another process reads it, so removed bytes remain in the journal; "
                "run `gallery expire` when it is done"
            )

    def stats(self) -> Stats:
        """What it holds."""
        with self._lock, self._guarded():
            return read_stats(self._database, self._header, self.path)

    @contextmanager
    def _writing(self, durable: bool = False) -> Iterator[None]:
        with self._lock, self._guarded():
            self._database.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except schema.FAILURES as error:
            raise GalleryError(f"{self.path}: {error}") from error

"""What every store of a gallery can do; `Gallery` is one in a file."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

import numpy as np

from bireid_runtime.calibration import Calibration
from bireid_runtime.camera_statistics import CameraStatistics
from bireid_runtime.gallery.contents import Contents
from bireid_runtime.gallery.records import Entry, Hit, Match, Person, Records, Stats


@runtime_checkable
class GalleryStore(Protocol):
    """People, cameras, times and embeddings of one network.

    `Gallery` documents every method; another store gives the same answers and raises the same
    errors.
    """

    @property
    def path(self) -> Path | str:
        """Where it is, for messages: without a password."""

    @property
    def dim(self) -> int:
        """D, numbers of an embedding."""

    @property
    def fingerprint(self) -> str:
        """The network whose embeddings it holds."""

    @property
    def retention_days(self) -> float | None:
        """Days after which entries go, or None."""

    def close(self) -> None:
        """See `Gallery.close`."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def require(self, fingerprint: str) -> None:
        """See `Gallery.require`."""

    def relate(self, fingerprint: str, note: str) -> None:
        """See `Gallery.relate`."""

    def calibrate(self, table: str) -> None:
        """See `Gallery.calibrate`."""

    def calibration(self) -> Calibration | None:
        """See `Gallery.calibration`."""

    def expire(self) -> int:
        """See `Gallery.expire`."""

    def erase(self) -> None:
        """See `Gallery.erase`."""

    def stats(self) -> Stats:
        """See `Gallery.stats`."""

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

    def load(self, records: Records) -> int:
        """See `Gallery.load`."""

    def merge(self, other: "GalleryStore") -> int:
        """See `Gallery.merge`."""

    def remove(
        self,
        entries: Sequence[int] = (),
        *,
        person: int | None = None,
        camera: str | None = None,
        before: float | None = None,
    ) -> int:
        """See `Gallery.remove`."""

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
        """See `Gallery.search`."""

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
        """See `Gallery.match`."""

    def name(self, person: int, label: str) -> None:
        """See `Gallery.name`."""

    def merge_people(self, person: int, other: int) -> None:
        """See `Gallery.merge_people`."""

    def split(self, entries: Sequence[int], label: str | None = None) -> int:
        """See `Gallery.split`."""

    def learn(self, camera: str, rows: np.ndarray) -> CameraStatistics:
        """See `Gallery.learn`."""

    def statistics(self, camera: str) -> CameraStatistics | None:
        """See `Gallery.statistics`."""

    def people(self) -> list[Person]:
        """See `Gallery.people`."""

    def entries(
        self, *, person: int | None = None, entry: int | None = None, limit: int = 1000
    ) -> list[Entry]:
        """See `Gallery.entries`."""

    def thumbnail(self, entry: int) -> bytes | None:
        """See `Gallery.thumbnail`."""

    def records(self) -> Iterator[Records]:
        """See `Gallery.records`."""

    def contents(self) -> AbstractContextManager[Contents]:
        """See `Gallery.contents`."""

    def restore(self, contents: Contents) -> int:
        """See `Gallery.restore`."""

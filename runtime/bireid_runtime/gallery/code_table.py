"""What a search looks at: codes and filters of all entries, in memory."""

import sqlite3
from collections.abc import Sequence

import numpy as np

from bireid_runtime.gallery.errors import GalleryError
from bireid_runtime.gallery.ranking import NOBODY
from bireid_runtime.search import code_bytes


class CodeTable:
    """The entries of a gallery by rising number, read again when others changed them.

    Args:
        dim: D, numbers of an embedding.
        source: The gallery, for messages.

    Attributes:
        entries: Numbers of the entries, int64 (N,).
        codes: uint8 (N, ceil(D / 8)).
        people: int64 (N,), `NOBODY` for a sighting.
        cameras: int64 (N,), places in `camera_names`; -1 for none.
        at: float64 (N,).
        camera_names: Names of cameras.
    """

    def __init__(self, dim: int, source: str) -> None:
        self._bytes = code_bytes(dim)
        self._source = source
        self._edits: int | None = None
        self.camera_names: list[str] = []
        self._clear()

    def _clear(self) -> None:
        self.entries: np.ndarray = np.empty(0, np.int64)
        self.codes: np.ndarray = np.empty((0, self._bytes), np.uint8)
        self.people: np.ndarray = np.empty(0, np.int64)
        self.cameras: np.ndarray = np.empty(0, np.int64)
        self.at: np.ndarray = np.empty(0, np.float64)

    def refresh(self, database: sqlite3.Connection) -> None:
        """Read what is new; all of it if entries were changed or removed.

        Raises:
            GalleryError: An entry is damaged.
        """
        (edits,) = database.execute("SELECT edits FROM gallery").fetchone()
        if edits != self._edits:
            self._clear()
            self._edits = edits
        last = int(self.entries[-1]) if len(self.entries) else 0
        rows = database.execute(
            "SELECT id, code, person, camera, at FROM entry WHERE id > ? ORDER BY id", (last,)
        ).fetchall()
        if not rows:
            return
        entries, codes, people, cameras, at = zip(*rows, strict=True)
        self._require_sound(codes, at)
        places = {name: place for place, name in enumerate(self.camera_names)}
        for name in cameras:
            if name is not None and name not in places:
                places[name] = len(places)
        self.camera_names = list(places)
        new = np.frombuffer(b"".join(codes), np.uint8).reshape(len(rows), self._bytes)
        self.codes = np.concatenate([self.codes, new])
        self.entries = np.append(self.entries, np.array(entries, np.int64))
        self.people = np.append(self.people, [each or NOBODY for each in people])
        self.cameras = np.append(self.cameras, [places.get(each, -1) for each in cameras])
        self.at = np.append(self.at, np.array(at, np.float64))

    def allowed(
        self,
        cameras: Sequence[str] | None,
        since: float | None,
        until: float | None,
        enrolled: bool,
    ) -> np.ndarray | None:
        """Which rows a search may find, bool (N,); None for all.

        Args:
            cameras: Only those of these cameras.
            since: Only those of that second or later.
            until: Only those of before that second.
            enrolled: Only those of a person.
        """
        if cameras is None and since is None and until is None and not enrolled:
            return None
        mask = np.ones(len(self.entries), bool)
        if cameras is not None:
            places = [self.camera_names.index(c) for c in cameras if c in self.camera_names]
            mask &= np.isin(self.cameras, places)
        if since is not None:
            mask &= self.at >= since
        if until is not None:
            mask &= self.at < until
        if enrolled:
            mask &= self.people != NOBODY
        return mask

    def _require_sound(self, codes: Sequence[object], at: Sequence[object]) -> None:
        sound = all(isinstance(code, bytes) and len(code) == self._bytes for code in codes)
        if not sound or not all(isinstance(each, float) for each in at):
            raise GalleryError(f"{self._source}: damaged: an entry has no code of its size")

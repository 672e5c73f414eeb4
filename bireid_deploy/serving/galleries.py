"""The galleries that are served, by name."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from bireid_runtime.errors import ArgumentError, BireidError
from bireid_runtime.gallery import Entry, GalleryStore

from bireid_deploy.gallery_server.location import is_server, read_location
from bireid_deploy.gallery_server.opening import open_gallery

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


class NotFoundError(BireidError):
    """There is no such gallery, person or entry."""


class ServedGalleries:
    """Open galleries of one network by name: `NAME=LOCATION`, or a `LOCATION` by its own name.

    That is the stem of a file, and of a gallery on a server what it is called there.

    Raises:
        ArgumentError: None, two of one name, or a name that does not fit into an address.
        GalleryError, FingerprintError: As `open_gallery`.
    """

    def __init__(self, locations: Sequence[str], fingerprint: str) -> None:
        self._open: dict[str, GalleryStore] = {}
        try:
            for location in locations:
                name, path = _named(location)
                if name in self._open:
                    raise ArgumentError(f"two galleries are called {name!r}; give NAME=PATH")
                self._open[name] = open_gallery(path, fingerprint)
        except BaseException:
            self.close()
            raise
        if not self._open:
            raise ArgumentError("no gallery to serve")

    @property
    def names(self) -> list[str]:
        """Their names, in the order given."""
        return list(self._open)

    def get(self, name: str | None) -> GalleryStore:
        """The gallery of a name; None for the only one.

        Raises:
            NotFoundError: There is none, or there are several and no name.
        """
        if name is None and len(self._open) == 1:
            return next(iter(self._open.values()))
        if name is None or name not in self._open:
            raise NotFoundError(f"no gallery {name or ''!r}; there are {', '.join(self._open)}")
        return self._open[name]

    def sweep(self) -> int:
        """Remove what has expired; returns how many entries went."""
        return sum(gallery.expire() for gallery in self._open.values())

    def close(self) -> None:
        """Close them all."""
        for gallery in self._open.values():
            gallery.close()


def person_number(
    gallery: GalleryStore, wanted: str, by: Literal["label", "number"] | None = None
) -> int:
    """The person of that label, or else of that number, unless `by` says which of them it is.

    Raises:
        NotFoundError: There is none.
    """
    people = gallery.people()
    for each in people:
        if by != "number" and each.label == wanted:
            return each.person
    for each in people:
        if by != "label" and str(each.person) == wanted:
            return each.person
    raise NotFoundError(f"nobody is called {wanted!r}")


def entry_of(gallery: GalleryStore, number: int) -> Entry:
    """The entry of a number.

    Raises:
        NotFoundError: There is none.
    """
    found = gallery.entries(entry=number)
    if not found:
        raise NotFoundError(f"there is no entry {number}")
    return found[0]


def _named(location: str) -> tuple[str, str]:
    if is_server(location):
        return read_location(location).name, location
    name, equals, place = location.partition("=")
    if not equals:
        name, place = Path(location).stem, location
    if not _NAME.fullmatch(name):
        raise ArgumentError(f"{name!r} is no name of a gallery (letters, digits, . _ -)")
    return name, place

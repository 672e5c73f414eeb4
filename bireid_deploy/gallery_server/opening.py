"""Galleries by their location: a file, or a URL of a server."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bireid_runtime.errors import ArgumentError
from bireid_runtime.gallery import Gallery, GalleryError, GalleryStore

from bireid_deploy import extras
from bireid_deploy.gallery_server.location import is_server, read_location

if TYPE_CHECKING:
    from bireid_deploy.gallery_server.connection import ServerConnection

Location = Path | str


def open_gallery(location: Location, fingerprint: str | None = None) -> GalleryStore:
    """Open a gallery wherever it is.

    Args:
        location: A file, or `postgresql://...?gallery=NAME`, which needs the extra `server`.
        fingerprint: The network that will be used with it; None to look only at it.

    Raises:
        GalleryError, FingerprintError: As `Gallery.open`.
        MissingPackageError: The extra is not installed.
    """
    if isinstance(location, str) and is_server(location):
        extras.require("server")
        from bireid_deploy.gallery_server.store import ServerGallery

        return ServerGallery.open(location, fingerprint)
    return Gallery.open(location, fingerprint)


def make_gallery(
    location: Location, fingerprint: str, dim: int, retention_days: float | None = None
) -> GalleryStore:
    """Make a gallery wherever it shall be.

    Args:
        location: As for `open_gallery`.
        fingerprint: As for `Gallery.create`; likewise the others.
        dim: See `fingerprint`.
        retention_days: See `fingerprint`.

    Raises:
        GalleryError, ArgumentError: As `Gallery.create`.
        MissingPackageError: As `open_gallery`.
    """
    if isinstance(location, str) and is_server(location):
        extras.require("server")
        from bireid_deploy.gallery_server.store import ServerGallery

        return ServerGallery.create(location, fingerprint, dim, retention_days)
    return Gallery.create(location, fingerprint, dim, retention_days)


def copy_gallery(source: Location, destination: Location) -> int:
    """Copy a gallery whole: numbers, times, thumbnails, statistics and calibration stay.

    Args:
        source: As for `open_gallery`.
        destination: A gallery that is made, or an empty one of the same network: such as a copy
            that was killed leaves.

    Returns:
        How many entries it has.

    Raises:
        GalleryError: The source is damaged; the destination holds something.
        FingerprintError: The destination is of another network.
    """
    with open_gallery(source) as origin:
        try:
            copy = make_gallery(destination, origin.fingerprint, origin.dim, origin.retention_days)
        except GalleryError:
            copy = open_gallery(destination, origin.fingerprint)
        with copy, origin.contents() as contents:
            return copy.restore(contents)


def grant_rights(location: Location, role: str, rights: str) -> None:
    """Give a role of a server the rights of a reader or a writer of a gallery.

    Args:
        location: URL of a gallery, as its owner.
        role: A role that is there.
        rights: `reader` or `writer`.

    Raises:
        GalleryError: There is no such role or gallery, or it is another's.
    """
    from bireid_deploy.gallery_server import schema

    with _server(location) as connection:
        schema.read_header(connection)
        schema.grant(connection, role, rights)


def migrate_gallery(location: Location) -> int:
    """Bring a server's gallery up to date, and index codes if pgvector has come.

    Args:
        location: URL of a gallery, as its owner.

    Returns:
        How many steps were missing.

    Raises:
        GalleryError: There is no such gallery, or it is another's.
    """
    from bireid_deploy.gallery_server import schema

    with _server(location) as connection:
        return schema.migrate(connection)


@contextmanager
def _server(location: Location) -> "Iterator[ServerConnection]":
    if not isinstance(location, str) or not is_server(location):
        raise ArgumentError(
            f"{location}: only a gallery of a server has that; give postgresql://..."
        )
    extras.require("server")
    from bireid_deploy.gallery_server.connection import ServerConnection

    with closing(ServerConnection(read_location(location))) as connection:
        yield connection

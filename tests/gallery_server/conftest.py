"""Servers and galleries that the tests of this folder share."""

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from bireid_runtime.gallery import Gallery, GalleryStore
from gallery_embeddings import DIM, NETWORK
from postgres_server import Server, debian_programs, pgvector_programs, running

from bireid_deploy.gallery_server.store import ServerGallery

_numbers = itertools.count()
NewGallery = Callable[..., GalleryStore]


def _server(programs: Path) -> Iterator[Server]:
    # A socket's path has 107 bytes at most, and the server's user must get there.
    with tempfile.TemporaryDirectory(prefix="bireid-pg-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        with running(programs, Path(folder) / "data") as server:
            yield server


@pytest.fixture(scope="session")
def stock() -> Iterator[Server]:
    """Debian's PostgreSQL, without extensions."""
    yield from _server(debian_programs())


@pytest.fixture(scope="session")
def pgvector() -> Iterator[Server]:
    """PostgreSQL with pgvector."""
    for server in _server(pgvector_programs()):
        with server.connect() as database:
            database.execute("CREATE EXTENSION vector")
        yield server


@pytest.fixture(params=["file", "stock", "pgvector"])
def new_gallery(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewGallery]:
    """Makes galleries of each kind of store: `new_gallery(fingerprint, dim, retention_days)`."""
    with ExitStack() as opened:

        def make(*arguments: Any, **named: Any) -> GalleryStore:
            header = (*arguments, *(NETWORK, DIM)[len(arguments) :])
            number = next(_numbers)
            if request.param == "file":
                made: GalleryStore = Gallery.create(tmp_path / f"g{number}", *header, **named)
            else:
                server = request.getfixturevalue(request.param)
                made = ServerGallery.create(server.url(f"g{number}"), *header, **named)
                opened.callback(_drop, server, number)
            return opened.enter_context(made)

        yield make


def _drop(server: Server, number: int) -> None:
    with server.connect() as database:
        database.execute(f"DROP SCHEMA bireid_g{number} CASCADE")

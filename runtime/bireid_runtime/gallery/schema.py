"""The SQLite file of a gallery: its tables, and opening one that a stranger may have made."""

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bireid_runtime.errors import ArgumentError
from bireid_runtime.files import open_regular
from bireid_runtime.gallery.errors import GalleryError
from bireid_runtime.search import MAX_DIM

APPLICATION_ID = 0x42695265  # "BiRe"
VERSION = 1
CODE_RULE = "sign>=0, packbits"

# Python reads SQLite's messages as UTF-8, and they quote what a damaged file holds.
FAILURES = (sqlite3.Error, UnicodeDecodeError)

_BUSY_SECONDS = 10.0
# 2 kB rows double the file in SQLite's pages of 4 kB.
_PAGE_BYTES = 16384

# Codes lie apart from vectors, so that opening reads few bytes a row.
_TABLES = (
    """CREATE TABLE gallery (
    one INTEGER PRIMARY KEY CHECK (one = 1), fingerprint TEXT NOT NULL, dim INTEGER NOT NULL,
    code_rule TEXT NOT NULL, retention_days REAL, created REAL NOT NULL,
    edits INTEGER NOT NULL DEFAULT 0)""",
    """CREATE TABLE related (fingerprint TEXT PRIMARY KEY, note TEXT NOT NULL)""",
    """CREATE TABLE person (
    id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE, created REAL NOT NULL)""",
    """CREATE TABLE entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER REFERENCES person(id), camera TEXT,
    at REAL NOT NULL, expires REAL, source TEXT, code BLOB NOT NULL)""",
    """CREATE TABLE vector (
    entry INTEGER PRIMARY KEY REFERENCES entry(id) ON DELETE CASCADE, value BLOB NOT NULL)""",
    """CREATE TABLE thumbnail (
    entry INTEGER PRIMARY KEY REFERENCES entry(id) ON DELETE CASCADE, jpeg BLOB NOT NULL)""",
    """CREATE TABLE camera (name TEXT PRIMARY KEY, statistics BLOB NOT NULL)""",
    """CREATE TABLE calibration (one INTEGER PRIMARY KEY CHECK (one = 1), json TEXT NOT NULL)""",
    """CREATE INDEX entry_person ON entry(person)""",
    """CREATE INDEX entry_at ON entry(at)""",
    """CREATE INDEX entry_expires ON entry(expires) WHERE expires IS NOT NULL""",
    """CREATE UNIQUE INDEX entry_origin ON entry(source, at) WHERE source IS NOT NULL""",
)
# What SQLite makes itself for numbers that are never used twice.
_COUNTERS = "CREATE TABLE sqlite_sequence(name,seq)"


@dataclass(frozen=True)
class Header:
    """What a gallery says of itself.

    Attributes:
        fingerprint: The network whose embeddings it holds.
        dim: Numbers of an embedding.
        retention_days: Days after which an entry goes, or None.
        created: Seconds since 1970.
    """

    fingerprint: str
    dim: int
    retention_days: float | None
    created: float


def require_sound(header: Header) -> None:
    """Check what a gallery is to be made with.

    Raises:
        ArgumentError: A number of days that is not above 0, or an impossible dim.
    """
    if not 1 <= header.dim <= MAX_DIM:
        raise ArgumentError(f"dim is {header.dim}; it must be 1 to {MAX_DIM}")
    days = header.retention_days
    if days is not None and not 0 < days < float("inf"):
        raise ArgumentError(f"retention is {days} days; it must be above 0")


def create(path: Path, header: Header) -> None:
    """Make the file.

    Raises:
        GalleryError: It is there already, or cannot be made.
        ArgumentError: A number of days that is not above 0, or an impossible dim.
    """
    require_sound(header)
    try:
        # "x" makes sure that no one else's file is taken.
        path.open("xb").close()
    except FileExistsError as error:
        raise GalleryError(f"{path}: is there already; choose another name") from error
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute(f"PRAGMA page_size={_PAGE_BYTES}")
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("BEGIN IMMEDIATE")
            for table in _TABLES:
                database.execute(table)
            database.execute(
                "INSERT INTO gallery VALUES (1, ?, ?, ?, ?, ?, 0)",
                (header.fingerprint, header.dim, CODE_RULE, header.retention_days, header.created),
            )
            database.execute(f"PRAGMA application_id={APPLICATION_ID}")
            database.execute(f"PRAGMA user_version={VERSION}")
            database.execute("COMMIT")
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, sqlite3.Error):
            raise GalleryError(f"{path}: cannot be made ({error})") from error
        raise


def connect(path: Path) -> tuple[sqlite3.Connection, Header]:
    """Open the file; nothing that it says is believed.

    Raises:
        GalleryError: It is missing, no gallery, damaged, or of another version.
    """
    try:
        # SQLite would make a missing file, and wait for a pipe.
        open_regular(path).close()
    except OSError as error:
        raise GalleryError(f"{path}: {error.strerror}; make one with `gallery create`") from error
    database = sqlite3.connect(
        f"file:{_quoted(path)}?mode=rw",
        uri=True,
        isolation_level=None,
        timeout=_BUSY_SECONDS,
        check_same_thread=False,
    )
    # Text of a damaged file may be no UTF-8.
    database.text_factory = lambda text: text.decode("utf-8", "replace")
    try:
        return database, _read_header(database, path)
    except FAILURES as error:
        database.close()
        raise GalleryError(f"{path}: no gallery, or damaged ({error})") from error
    except BaseException:
        database.close()
        raise


def now() -> float:
    """Seconds since 1970."""
    return time.time()


def _read_header(database: sqlite3.Connection, path: Path) -> Header:
    for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "foreign_keys=ON"):
        database.execute(f"PRAGMA {pragma}")
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise GalleryError(f"{path}: a database, but no gallery")
    if version != VERSION:
        raise GalleryError(f"{path}: a gallery of version {version}; this one reads {VERSION}")
    # A trigger or a view of a stranger would run with our statements.
    found = database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    if {row[0] for row in found} != {*_TABLES, _COUNTERS}:
        raise GalleryError(f"{path}: its tables are not those of a gallery")
    row = database.execute(
        "SELECT fingerprint, dim, code_rule, retention_days, created FROM gallery"
    ).fetchone()
    if row is None or [type(each) for each in row] not in (
        [str, int, str, float, float],
        [str, int, str, type(None), float],
    ):
        raise GalleryError(f"{path}: damaged: its header cannot be")
    fingerprint, dim, rule, days, created = row
    if not 1 <= dim <= MAX_DIM or rule != CODE_RULE:
        raise GalleryError(f"{path}: damaged: dim {dim}, codes by {str(rule)[:40]!r}")
    for pragma in ("secure_delete=ON", "journal_mode=WAL", "synchronous=NORMAL"):
        database.execute(f"PRAGMA {pragma}")
    return Header(fingerprint, dim, days, created)


def _quoted(path: Path) -> str:
    """A path inside a URI of SQLite."""
    text = os.path.abspath(path)
    return text.replace("%", "%25").replace("?", "%3f").replace("#", "%23")

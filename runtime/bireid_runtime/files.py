"""Reading what is a file, and writing so that an interruption leaves the old file or none."""

import errno
import io
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

# Of a writer that was killed; no file takes so long to write.
_LITTER_SECONDS = 24 * 3600


def open_regular(path: str | os.PathLike[str]) -> io.BufferedReader:
    """Open a file to read its bytes, whoever made it.

    A pipe would be waited for without end, and a device may never stop giving bytes.

    Raises:
        OSError: It is missing, may not be read, or is no regular file.
    """
    # Without the flag, opening a pipe waits for whoever writes to it. Windows has no such pipes.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
        return io.BufferedReader(io.FileIO(descriptor))
    except BaseException:
        os.close(descriptor)
        raise


def read_text(path: str | os.PathLike[str]) -> str:
    """All of a regular file as UTF-8.

    Raises:
        OSError: As `open_regular`.
        UnicodeDecodeError: It is no UTF-8.
    """
    return read_bytes(path).decode("utf-8")


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """All of a regular file.

    Raises:
        OSError: As `open_regular`.
    """
    with open_regular(path) as file:
        return file.read()


def require_makeable(folder: str | os.PathLike[str]) -> None:
    """See before the work that the folder of its results is there and writable, or can be made.

    Raises:
        OSError: It cannot; what is in the way is named.
    """
    path = Path(folder).absolute()
    there = next(each for each in (path, *path.parents) if os.path.lexists(each))
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), os.fspath(there))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(there))


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Name a file in errors of the system inside: of a write it says what is wrong, not where."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise OSError(error.errno, error.strerror or str(error), os.fspath(path)) from error
        raise


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Write a temporary file beside `path`, then put it in place once it is safely on the disk.

    Args:
        path: The file to create or replace; its folder must exist.

    Yields:
        The temporary file, open for writing. An exception inside leaves `path` as it was.

    Raises:
        OSError: It cannot be written, as on a full disk; the error names `path`.
    """
    target = Path(path)
    prefix, suffix = f".{target.name}.", ".partial"
    _remove_litter(target.parent, prefix, suffix)
    # Containers that share a folder may share process numbers, and "x" follows no planted link.
    partial = target.with_name(f"{prefix}{secrets.token_hex(8)}{suffix}")
    opened = partial.open("xb")
    try:
        # Closing writes what a failed write left in the buffer, and fails again.
        with naming(target), opened as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _remove_litter(folder: Path, prefix: str, suffix: str) -> None:
    """What killed runs left behind goes with the next."""
    oldest = time.time() - _LITTER_SECONDS
    for entry in os.scandir(folder):
        if not (entry.name.startswith(prefix) and entry.name.endswith(suffix)):
            continue
        try:
            if entry.stat(follow_symlinks=False).st_mtime < oldest:
                Path(entry.path).unlink(missing_ok=True)
        except FileNotFoundError:
            pass  # Another run was faster.

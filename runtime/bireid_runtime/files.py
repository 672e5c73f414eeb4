"""Writing files so that an interruption leaves the old file or none."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Write a temporary file beside `path`, then put it in place once it is safely on the disk.

    Args:
        path: The file to create or replace; its folder must exist.

    Yields:
        The temporary file, open for writing. An exception inside leaves `path` as it was.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)

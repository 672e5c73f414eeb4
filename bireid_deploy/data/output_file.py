"""Looking at an output file before the work."""

import os
from collections.abc import Collection
from pathlib import Path

from bireid_runtime.errors import ArgumentError, BireidError


def require_place(
    path: Path, suffixes: Collection[str], error: type[BireidError] = ArgumentError
) -> None:
    """See that a file can be meant, so that a typing error does not cost the work.

    Args:
        path: File to write.
        suffixes: How its name may end.
        error: What to raise.

    Raises:
        BireidError: It has another suffix, or its folder does not exist.
    """
    if path.suffix not in suffixes:
        raise error(f"{path}: write to a file ending in {' or '.join(suffixes)}")
    require_file_place(path, error)


def require_file_place(path: Path, error: type[BireidError] = ArgumentError) -> None:
    """See that a file of any name can be written.

    Args:
        path: File to write.
        error: What to raise.

    Raises:
        BireidError: Its folder does not exist or takes no files, or it is a folder itself.
    """
    if not path.parent.is_dir():
        raise error(f"{path}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise error(f"{path}: is a folder; give the name of a file")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise error(f"{path}: the folder {path.parent} may not be written to; choose another")

"""Looking at an output file before the work."""

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
    if not path.parent.is_dir():
        raise error(f"{path}: there is no folder {path.parent}; make it first")

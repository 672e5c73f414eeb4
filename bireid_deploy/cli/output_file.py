"""Looking at an output file before the work, so that a typing error does not cost it."""

from collections.abc import Sequence
from pathlib import Path

from bireid_deploy.errors import EmbeddingsError


def check_output_file(path: Path, suffixes: Sequence[str]) -> None:
    """Refuse a file of embeddings that has another suffix, or whose folder does not exist.

    Raises:
        EmbeddingsError: It does.
    """
    if path.suffix not in suffixes:
        raise EmbeddingsError(f"{path}: write to a file ending in {' or '.join(suffixes)}")
    if not path.parent.is_dir():
        raise EmbeddingsError(f"{path}: there is no folder {path.parent}; make it first")

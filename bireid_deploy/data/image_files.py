"""Finding the files that a person means by files and folders."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bireid_runtime.images import IMAGE_SUFFIXES

from bireid_deploy.data.folders import LeftOut, list_tree
from bireid_deploy.errors import DatasetError


@dataclass(frozen=True)
class FoundFiles:
    """Files to work on.

    Attributes:
        files: In the order of the inputs, those of a folder sorted.
        left_out: What else lies in the folders, with the reason.
    """

    files: tuple[Path, ...]
    left_out: LeftOut


def find_images(
    inputs: Sequence[Path | str], suffixes: Sequence[str] = IMAGE_SUFFIXES, what: str = "images"
) -> FoundFiles:
    """Expand folders to the files below them, sorted; files stay as given.

    Args:
        inputs: Files and folders.
        suffixes: Of the files to take from folders.
        what: What they are, for messages.

    Raises:
        DatasetError: An input does not exist, or a folder cannot be listed or holds no such file.
    """
    found: list[Path] = []
    left_out: list[tuple[Path, str]] = []
    for path in map(Path, inputs):
        if path.is_dir():
            below = list_tree(path, suffixes)
            if not below.files:
                raise DatasetError(f"{path}: no {what} below it (looked for {', '.join(suffixes)})")
            found.extend(below.files)
            left_out.extend(below.left_out)
        elif path.exists():
            found.append(path)
        else:
            raise DatasetError(f"{path}: no such file or folder")
    return FoundFiles(tuple(found), tuple(left_out))

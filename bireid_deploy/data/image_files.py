"""Finding the images that a person means by files and folders."""

from collections.abc import Sequence
from pathlib import Path

from bireid_runtime.images import IMAGE_SUFFIXES

from bireid_deploy.errors import DatasetError


def find_images(inputs: Sequence[Path | str]) -> list[Path]:
    """Expand folders to the images below them, sorted; files stay as given.

    Raises:
        DatasetError: An input does not exist, or a folder holds no image.
    """
    found: list[Path] = []
    for path in map(Path, inputs):
        if path.is_dir():
            images = images_below(path)
            if not images:
                suffixes = ", ".join(IMAGE_SUFFIXES)
                raise DatasetError(f"{path}: no images below it (looked for {suffixes})")
            found.extend(images)
        elif path.exists():
            found.append(path)
        else:
            raise DatasetError(f"{path}: no such file or folder")
    return found


def images_below(folder: Path) -> list[Path]:
    """The images in a folder and in those below it, sorted; hidden files are left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    )

"""Listing image files the same way on every platform."""

from pathlib import Path

from bireid_deploy.errors import DatasetError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})


def list_images(folder: Path) -> list[Path]:
    """Returns the images directly in `folder`, sorted by name; hidden files are left out.

    Raises:
        DatasetError: The folder cannot be listed.
    """
    try:
        return sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
        )
    except OSError as error:
        raise DatasetError(f"cannot list the images in {folder}: {error.strerror}") from error

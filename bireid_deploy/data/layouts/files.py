"""Listing folders and image files the same way on every platform."""

from pathlib import Path

from bireid_runtime.images import IMAGE_SUFFIXES

from bireid_deploy.errors import DatasetError


def list_images(folder: Path) -> list[Path]:
    """Returns the images directly in `folder`, sorted by name; hidden files are left out.

    Raises:
        DatasetError: The folder cannot be listed.
    """
    return [path for path in _list_visible(folder) if path.suffix.lower() in IMAGE_SUFFIXES]


def list_folders(folder: Path) -> list[Path]:
    """Returns the folders directly in `folder`, sorted by name; hidden ones are left out.

    Raises:
        DatasetError: The folder cannot be listed.
    """
    return [path for path in _list_visible(folder) if path.is_dir()]


def _list_visible(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DatasetError(f"cannot list {folder}: {error.strerror}") from error

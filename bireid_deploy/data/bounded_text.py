"""Text files of others, up to a size."""

from pathlib import Path

from bireid_runtime.files import open_regular

from bireid_deploy.errors import DatasetError


def read_bounded(path: Path, most: int) -> str:
    """All of a regular file of up to `most` bytes, as UTF-8.

    Raises:
        DatasetError: It cannot be opened, is larger, or is no text.
    """
    try:
        with open_regular(path) as file:
            content = file.read(most + 1)
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror}") from error
    if len(content) > most:
        raise DatasetError(f"{path}: larger than {most} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not a text file") from error

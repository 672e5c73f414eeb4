"""The files that the layouts of sequences share: numbers in lines, and frames in a folder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from bireid_runtime.files import open_regular

from bireid_deploy.data.folders import LeftOut, list_folder, unread
from bireid_deploy.data.sequences.dataset import FULL_COVER, MAX_FRAMES
from bireid_deploy.errors import DatasetError

_MAX_BYTES = 16 * 1024 * 1024
_LARGEST = 1e6


def read_lines(path: Path) -> list[str]:
    """The lines of a text file, empty ones at its end left out.

    Raises:
        DatasetError: It is missing, too large or no text.
    """
    try:
        with open_regular(path) as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise DatasetError(f"{path}: exceeds the limit of {_MAX_BYTES} bytes")
        return content.decode("utf-8-sig").rstrip().splitlines()
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: is not a text file of UTF-8") from error


def read_boxes(path: Path) -> np.ndarray:
    """Left, top, width and height by line, between commas, tabs or blanks: float64 (N, 4).

    A line with NaN says that the target is not marked.

    Raises:
        DatasetError: The file is not that; the line is named.
    """
    rows = []
    for number, line in enumerate(read_lines(path), start=1):
        try:
            sides = [float(each) for each in line.replace(",", " ").split()]
        except ValueError:
            sides = []
        if len(sides) != 4:
            raise DatasetError(f"{path}: line {number} must be four numbers: x, y, width, height")
        if any(np.isnan(sides)):
            sides = [np.nan] * 4
        elif max(map(abs, sides)) > _LARGEST or min(sides[2:]) < 0:
            raise DatasetError(f"{path}: line {number} is no box: {line[:60]!r}")
        rows.append(sides)
    if not 1 <= len(rows) <= MAX_FRAMES:
        raise DatasetError(f"{path}: has {len(rows)} lines; 1 to {MAX_FRAMES} are possible")
    return np.array(rows, np.float64)


def read_cover(path: Path) -> np.ndarray | None:
    """One whole number from 0 to 8 by line, int64 (N,); None if there is no such file.

    Raises:
        DatasetError: The file is not that; the line is named.
    """
    if not path.is_file():
        return None
    found = []
    for number, line in enumerate(read_lines(path), start=1):
        text = line.strip()
        if not (text.isascii() and text.isdigit() and int(text[:9]) <= FULL_COVER):
            raise DatasetError(f"{path}: line {number} must be 0 to {FULL_COVER}")
        found.append(int(text))
    return np.array(found, np.int64)


def list_frames(folder: Path, beside: Sequence[str] = ()) -> tuple[tuple[Path, ...], LeftOut]:
    """The image files of a folder, sorted by name, and what else lies there.

    Args:
        folder: Of the frames.
        beside: Suffixes of files that belong to the layout and are no frames.

    Raises:
        DatasetError: The folder cannot be listed.
    """
    found = list_folder(folder)
    left_out = [each for each in found.left_out if each[0].suffix.lower() not in beside]
    inside = unread(found.folders, "in a folder below that of the frames")
    return found.files, (*left_out, *inside)


def list_folders(root: Path) -> tuple[Path, ...]:
    """The folders in a folder, sorted by name; none if it is missing.

    Raises:
        DatasetError: It cannot be listed.
    """
    return list_folder(root).folders if root.is_dir() else ()


def require_as_many(path: Path, lines: int, frames: int) -> None:
    """See that a file has a line for every frame.

    Raises:
        DatasetError: It has not.
    """
    if lines != frames:
        raise DatasetError(f"{path}: has {lines} lines for {frames} frames")

"""Listing folders: the one rule of what is read below them, and of what is left out and why.

What a path names is followed, links too: that which a person gives, and the folders and files that
a layout knows by name. Of what is found below, this is left out and counted: hidden entries (their
names begin with a dot), links to folders, names that are no UTF-8, and files of other suffixes. An
entry with a wanted suffix stays, whatever it is: a pipe or a link to nowhere is told of when it is
read.
"""

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bireid_runtime.images import IMAGE_SUFFIXES

from bireid_deploy.errors import DatasetError

LeftOut = tuple[tuple[Path, str], ...]
"""Entries that are not read, with the reason."""

_MAX_REASONS = 8
_MAX_LOOKED_INTO = 200


@dataclass(frozen=True)
class Listing:
    """What is in a folder.

    Attributes:
        files: Those of wanted suffixes, sorted.
        folders: Folders that are no links, sorted.
        left_out: The rest, sorted.
    """

    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    left_out: LeftOut


def list_folder(folder: Path, suffixes: Sequence[str] = IMAGE_SUFFIXES) -> Listing:
    """What is directly in a folder.

    Args:
        folder: Untrusted.
        suffixes: Of the wanted files, lower case; upper case will do as well.

    Raises:
        DatasetError: The folder cannot be listed.
    """
    files: list[Path] = []
    folders: list[Path] = []
    left_out: list[tuple[Path, str]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                path, suffix = folder / entry.name, Path(entry.name).suffix.lower()
                if reason := _odd(entry):
                    left_out.append((path, reason))
                elif entry.is_dir():
                    folders.append(path)
                elif suffix in suffixes:
                    files.append(path)
                else:
                    reason = f"of the suffix {suffix}" if suffix else "without a suffix"
                    left_out.append((path, reason))
    except OSError as error:
        raise DatasetError(f"cannot list {folder}: {error.strerror}") from error
    return Listing(tuple(sorted(files)), tuple(sorted(folders)), tuple(sorted(left_out)))


def list_tree(folder: Path, suffixes: Sequence[str] = IMAGE_SUFFIXES) -> Listing:
    """What is in a folder and in those below it; `folders` are all that were looked into.

    Raises:
        DatasetError: A folder cannot be listed.
    """
    files: list[Path] = []
    folders: list[Path] = []
    left_out: list[tuple[Path, str]] = []
    pending = [folder]
    while pending:
        found = list_folder(pending.pop(), suffixes)
        files += found.files
        folders += found.folders
        left_out += found.left_out
        pending += found.folders
    return Listing(tuple(sorted(files)), tuple(sorted(folders)), tuple(sorted(left_out)))


def unread(folders: Sequence[Path], reason: str) -> LeftOut:
    """The images below folders that a layout has no place for, each with that reason."""
    return tuple((path, reason) for folder in folders for path in list_tree(folder).files)


def unlisted(
    folder: Path, listed: Collection[Path], reason: str, suffixes: Sequence[str] = IMAGE_SUFFIXES
) -> LeftOut:
    """What lies below a folder of which a list says what counts, and is not in that list.

    Args:
        folder: Untrusted.
        listed: Paths that begin with `folder`.
        reason: Why a wanted file that is none of them is not read.
        suffixes: As of `list_folder`.

    Raises:
        DatasetError: A folder cannot be listed.
    """
    below = list_tree(folder, suffixes)
    others = ((path, reason) for path in below.files if path not in listed)
    return (*others, *below.left_out)


def find_below(root: Path, matches: Callable[[Path], bool]) -> Path | None:
    """The first folder in `root` that matches, of the first two hundred: where a person may mean.

    Raises:
        DatasetError: `root` cannot be listed.
    """
    for folder in list_folder(root).folders[:_MAX_LOOKED_INTO]:
        try:
            if matches(folder):
                return folder
        except DatasetError:
            continue  # One that cannot be listed is none that can be proposed.
    return None


def count_left_out(left_out: LeftOut) -> dict[str, int]:
    """How many entries were left out by reason, the most frequent first; JSON-serialisable."""
    return dict(Counter(reason for _, reason in left_out).most_common())


def say_left_out(left_out: LeftOut) -> Iterator[str]:
    """One line on what was left out, with an example of every reason; none if nothing was."""
    if not left_out:
        return
    counts = count_left_out(left_out)
    parts = []
    for reason, count in list(counts.items())[:_MAX_REASONS]:
        first = next(path for path, each in left_out if each == reason)
        parts.append(f"{count} {reason} ({'as ' if count > 1 else ''}{first})")
    if len(counts) > _MAX_REASONS:
        parts.append(f"others for {len(counts) - _MAX_REASONS} more reasons")
    yield f"left out {len(left_out)}: {'; '.join(parts)}"


def _odd(entry: os.DirEntry[str]) -> str | None:
    """Why an entry is left out whatever its suffix."""
    if entry.name.startswith("."):
        return "hidden"
    try:
        entry.name.encode()
    except UnicodeEncodeError:
        return "of a name that is no UTF-8"
    return "a link to a folder" if entry.is_symlink() and entry.is_dir() else None

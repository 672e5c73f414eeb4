"""Files that cannot be read: an error that stops the work, or a list of what was passed over."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from bireid_runtime.errors import CloudError, ImageError
from bireid_runtime.files import atomic_file

from bireid_deploy.data.folders import LeftOut
from bireid_deploy.errors import DatasetError

_Read = TypeVar("_Read")


class Reading:
    """Reads files one after the other.

    Args:
        skip_broken: Whether one that cannot be read is passed over and listed; otherwise its error
            is raised.

    Attributes:
        skipped: Files that could not be read, or not whole, with the reason.
    """

    def __init__(self, skip_broken: bool) -> None:
        self._skip_broken = skip_broken
        self._skipped: list[tuple[Path, str]] = []

    def pass_over(self, path: Path, error: ImageError | CloudError) -> None:
        """List what cannot be read of a file.

        Raises:
            ImageError, CloudError: The error, where nothing is to be passed over.
        """
        if not self._skip_broken:
            raise error
        # The list has the file beside it.
        self._skipped.append((path, str(error).removeprefix(f"{path}: ")))

    @property
    def skipped(self) -> LeftOut:
        """Files that could not be read, or not whole, with the reason, so far."""
        return tuple(self._skipped)

    def each(
        self, files: Sequence[Path], read: Callable[[Path], _Read]
    ) -> Iterator[tuple[Path, _Read]]:
        """The files that can be read, with what is in them.

        Raises:
            ImageError, CloudError: A file cannot be read, and none is to be passed over.
            DatasetError: None of them could be read.
        """
        found = 0
        for path in files:
            try:
                content = read(path)
            except (ImageError, CloudError) as error:
                self.pass_over(path, error)
            else:
                found += 1
                yield path, content
        if not found:
            path, reason = self._skipped[0]
            raise DatasetError(
                f"none of {len(files)} files can be read; the first: {path}: {reason}"
            )


def skipped_path(out: Path) -> Path:
    """Where the list of what was passed over lies, beside the output."""
    return out.with_name(f"{out.name}.skipped.csv")


def write_skipped(out: Path, skipped: LeftOut) -> None:
    """Write the list, `file,reason`; without anything in it, remove that of an earlier run."""
    path = skipped_path(out)
    if not skipped:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("file", "reason"))
    lines.writerows((str(file), reason) for file, reason in skipped)
    with atomic_file(path) as stream:
        stream.write(text.getvalue().encode("utf-8", "surrogateescape"))

"""What `teach-cache` has done so far, so that whoever stops it loses nothing.

One file beside the cache, `NAME.unfinished`: a line of JSON that says whose it is, then one record
per chunk of images, each with its length and a checksum. A record that was cut off while it was
written is dropped, and its images are asked about again.
"""

import errno
import fcntl
import json
import os
import struct
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from bireid_runtime.files import naming

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.teacher_cache import VIEWS

CHUNK = 16
"""Images of a record, at most."""

SKIPPED = 32
"""Images of a record that cannot be read, at most: their reasons may hold long paths."""

_MAX_LINE = 2**16
# Bytes of the words and of the rows, and the checksum of both.
_HEAD = struct.Struct("<III")
_MAX_WORDS = 2**20
# What a file system says that cannot lock.
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)


@dataclass(frozen=True)
class Chunk:
    """What is known of some images that stand in a row.

    Attributes:
        end: The first image behind them.
        kept: Which of them could be read, ascending.
        skipped: Which could not, with the reason.
        rows: float16 (len(kept), 2, D), what the teacher says.
    """

    end: int
    kept: tuple[int, ...]
    skipped: tuple[tuple[int, str], ...]
    rows: np.ndarray


class UnfinishedCache:
    """The open file; another process cannot open it meanwhile.

    Args:
        out: The cache that it will become.
        owner: What the cache is made of; a file that says otherwise is refused.
        images: How many images there are.
        dim: Length of the embeddings.

    Attributes:
        path: The file.
        chunks: What was found in it and what was added since.

    Raises:
        TrainingError: It is of another owner, damaged, or another process has it; or its file
            system cannot keep other processes out.
        OSError: It cannot be opened.
    """

    def __init__(self, out: Path, owner: Mapping[str, str], images: int, dim: int) -> None:
        self.path = out.with_name(f"{out.name}.unfinished")
        self.chunks: list[Chunk] = []
        self._images, self._dim = images, dim
        # No link is followed, and no pipe is waited for.
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        self._file = os.fdopen(os.open(self.path, flags, 0o644), "r+b")
        try:
            with naming(self.path):
                self._lock()
                self._begin(owner)
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> "UnfinishedCache":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    @property
    def end(self) -> int:
        """The first image that nothing is known of."""
        return self.chunks[-1].end if self.chunks else 0

    def add(self, chunk: Chunk) -> None:
        """Keep a chunk; it survives this process.

        Raises:
            OSError: It cannot be written.
        """
        words = json.dumps(
            {"end": chunk.end, "kept": chunk.kept, "skipped": chunk.skipped}
        ).encode()
        rows = np.ascontiguousarray(chunk.rows, "<f2").tobytes()
        head = _HEAD.pack(len(words), len(rows), _checksum(words, rows))
        with naming(self.path):
            self._file.write(head + words + rows)
            self._file.flush()
        self.chunks.append(chunk)

    def remove(self) -> None:
        """Delete the file: the cache is written."""
        with suppress(FileNotFoundError):
            self.path.unlink()

    def _close(self) -> None:
        # Closing writes what a failed write left in the buffer, and fails again.
        with suppress(OSError):
            self._file.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TrainingError(
                f"{self.path}: another teach-cache is at work on it; wait for it, or choose "
                "another -o"
            ) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            raise TrainingError(
                f"{self.path}: its file system cannot lock files ({error.strerror}); put -o on a "
                "local disk"
            ) from error

    def _begin(self, owner: Mapping[str, str]) -> None:
        line = json.dumps({**owner, "images": str(self._images), "dim": str(self._dim)}).encode()
        first = self._file.readline(_MAX_LINE)
        # Killed before the first line was whole.
        if not first.endswith(b"\n") and line.startswith(first):
            self._file.seek(0)
            self._file.truncate()
            self._file.write(line + b"\n")
            self._file.flush()
        elif first != line + b"\n":
            raise TrainingError(
                f"{self.path}: begun {_difference(first, line)}; give what it was begun with, or "
                "delete it to begin anew"
            )
        else:
            self._read_chunks()

    def _read_chunks(self) -> None:
        place = self._file.tell()
        while (chunk := self._next_chunk()) is not None:
            self.chunks.append(chunk)
            place = self._file.tell()
        self._file.seek(place)
        self._file.truncate()

    def _next_chunk(self) -> Chunk | None:
        """The next whole record; None behind the last."""
        head = self._file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return None
        length, size, checksum = _HEAD.unpack(head)
        if length > _MAX_WORDS or size > CHUNK * VIEWS * self._dim * 2:
            return None
        words, rows = self._file.read(length), self._file.read(size)
        if len(words) + len(rows) < length + size or _checksum(words, rows) != checksum:
            return None
        try:
            said = json.loads(words)
            kept = tuple(said["kept"])
            skipped = tuple((index, reason) for index, reason in said["skipped"])
            array = np.frombuffer(rows, "<f2").reshape(len(kept), VIEWS, self._dim)
            chunk = Chunk(said["end"], kept, skipped, array.astype(np.float16))
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        return chunk if self._follows(chunk) else None

    def _follows(self, chunk: Chunk) -> bool:
        """Whether a chunk says something of every image from the last one to its end, in order."""
        numbers = (chunk.end, *chunk.kept, *(index for index, _ in chunk.skipped))
        if any(type(number) is not int for number in numbers):
            return False
        seen = sorted(numbers[1:])
        return (
            all(isinstance(reason, str) for _, reason in chunk.skipped)
            and list(chunk.kept) == sorted(chunk.kept)
            and chunk.end <= self._images
            and seen == list(range(self.end, chunk.end))
            and bool(seen)
        )


def _checksum(words: bytes, rows: bytes) -> int:
    return zlib.crc32(rows, zlib.crc32(words))


def _difference(first: bytes, line: bytes) -> str:
    """What an unfinished file was begun with that is not so now."""
    try:
        found = json.loads(first)
        wanted = json.loads(line)
        names = [name for name in wanted if found.get(name) != wanted[name]]
    except (ValueError, AttributeError, RecursionError):
        return "by another program"
    return f"with another {' and '.join(names)}" if names else "by another program"

"""How far a watch has come: what lets it go on after it was stopped or killed."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from bireid_runtime.files import atomic_file

from bireid_deploy.data.bounded_text import read_bounded
from bireid_deploy.errors import DatasetError

STATE = "state.json"
SIGHTINGS = "sightings.jsonl"
_MAX_BYTES = 1024 * 1024


@dataclass
class WatchState:
    """What `state.json` holds.

    Attributes:
        identity: What the outputs depend on.
        start: Time of the first frames, seconds since 1970.
        frames: Per camera the number of the last frame that was taken in.
        broken: Per camera how many frames could not be decoded.
        next_tracks: Per camera the number of the next track.
        sizes: Per output file the bytes that were whole then.
        sightings: How many were written.
        dropped: Per live camera how many frames were overtaken by newer ones.
        lost: Per live camera how often it went away.
        seconds: How long it took so far.
        done: Whether all frames were taken in.
    """

    identity: dict[str, Any]
    start: float
    frames: dict[str, int]
    broken: dict[str, int]
    next_tracks: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    sightings: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    done: bool = False

    def save(self, folder: Path) -> None:
        """Write it; an interrupted write leaves the old one."""
        with atomic_file(folder / STATE) as file:
            file.write((json.dumps(asdict(self), indent=1) + "\n").encode())

    @classmethod
    def load(cls, folder: Path) -> "WatchState":
        """Read it.

        Raises:
            DatasetError: There is none, or it is damaged.
        """
        path = folder / STATE
        try:
            read = cls(**json.loads(read_bounded(path, _MAX_BYTES)))
            counts = [*read.frames.values(), *read.broken.values(), read.sightings]
            counts += [*read.next_tracks.values(), *read.sizes.values()]
            counts += [*read.dropped.values(), *read.lost.values()]
            is_whole = all(type(each) is int and each >= 0 for each in counts)
            is_whole &= set(read.frames) == set(read.broken) and read.start >= 0
            is_whole &= read.seconds >= 0 and isinstance(read.identity, dict)
        except (ValueError, TypeError, AttributeError, RecursionError):
            is_whole = False
        if not is_whole:
            raise DatasetError(f"{path}: damaged; start anew in another folder")
        return read


class OutputFiles:
    """The files of a watch, each cut to what was whole when the state was saved.

    Args:
        folder: Where they lie.
        names: Their names.
        sizes: Bytes that are whole, 0 of a file that is not named.

    Raises:
        DatasetError: A file is shorter than it was.
    """

    def __init__(self, folder: Path, names: list[str], sizes: dict[str, int]) -> None:
        self._files: dict[str, BinaryIO] = {}
        for name in names:
            path = folder / name
            whole = sizes.get(name, 0)
            found = path.stat().st_size if path.exists() else 0
            if found < whole:
                self.close()
                raise DatasetError(f"{path}: has lost lines since; start anew in another folder")
            file = path.open("r+b" if path.exists() else "w+b")
            file.truncate(whole)
            file.seek(whole)
            self._files[name] = file

    def write(self, name: str, text: str) -> None:
        """Append text to a file."""
        self._files[name].write(text.encode())

    def flush(self) -> dict[str, int]:
        """Hand everything to the system; returns the bytes of each file."""
        for file in self._files.values():
            file.flush()
        return {name: file.tell() for name, file in self._files.items()}

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()

"""The directory that a search leaves: record, checkpoint, and what was found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_runtime.files import atomic_file

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.record_file import read_record_file, write_record_file

SCHEMA_VERSION = 1

_KEYS: dict[str, type | tuple[type, ...]] = {
    "recipe": dict,
    "data": dict,
    "latency": (dict, type(None)),
    "finished": bool,
    "history": list,
    "architecture": str,
}


@dataclass(frozen=True)
class SearchDirectory:
    """Paths and the record of one search.

    `search.json` says what was searched on what, with loss and alphas of every epoch, and the best
    architecture so far; `checkpoint.npz` holds the supernet and everything that resuming needs;
    `found.toml` is the recipe that trains what was found.
    """

    path: Path

    @property
    def record_path(self) -> Path:
        """The record, JSON."""
        return self.path / "search.json"

    @property
    def checkpoint(self) -> Path:
        """The supernet, optimiser slots and the state of the loop."""
        return self.path / "checkpoint.npz"

    def create(self) -> None:
        """Make the directory.

        Raises:
            TrainingError: It already holds a search.
        """
        self.require_new()
        self.path.mkdir(parents=True, exist_ok=True)

    def require_new(self) -> None:
        """Refuse a directory that already holds a search.

        Raises:
            TrainingError: It does.
        """
        if self.record_path.exists():
            raise TrainingError(
                f"{self.path}: holds a search already; add --resume to continue it, or choose "
                "another --out"
            )

    def write_record(self, record: dict[str, Any]) -> None:
        """Replace `search.json` atomically."""
        write_record_file(self.record_path, SCHEMA_VERSION, record)

    def read_record(self) -> dict[str, Any]:
        """The content of `search.json`.

        Raises:
            TrainingError: No search there, or the record is damaged or of another version.
        """
        return read_record_file(
            self.record_path,
            SCHEMA_VERSION,
            _KEYS,
            lambda: f"{self.path}: no search (no search.json)",
        )

    def write(self, name: str, text: str) -> Path:
        """Write a file of results atomically; returns its path."""
        path = self.path / name
        with atomic_file(path) as file:
            file.write(text.encode())
        return path

"""The directory that a search leaves: record, checkpoint, and what was found."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_runtime.files import atomic_file, read_text

from bireid_deploy.errors import TrainingError

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
        text = json.dumps({"schema_version": SCHEMA_VERSION, **record}, indent=1)
        with atomic_file(self.record_path) as file:
            file.write(f"{text}\n".encode())

    def read_record(self) -> dict[str, Any]:
        """The content of `search.json`.

        Raises:
            TrainingError: No search there, or the record is damaged or of another version.
        """
        try:
            record: dict[str, Any] = json.loads(read_text(self.record_path))
        except (FileNotFoundError, NotADirectoryError):
            raise TrainingError(f"{self.path}: no search (no search.json)") from None
        except (OSError, ValueError, RecursionError) as error:
            raise TrainingError(f"{self.record_path}: damaged record: {error}") from error
        if not isinstance(record, dict) or record.get("schema_version") != SCHEMA_VERSION:
            raise TrainingError(f"{self.record_path}: not a record of schema {SCHEMA_VERSION}")
        for key, kind in _KEYS.items():
            if key not in record or not isinstance(record[key], kind):
                raise TrainingError(f"{self.record_path}: damaged record: no valid {key!r}")
        return record

    def write(self, name: str, text: str) -> Path:
        """Write a file of results atomically; returns its path."""
        path = self.path / name
        with atomic_file(path) as file:
            file.write(text.encode())
        return path

"""The directory that a training run leaves: recipe, history, checkpoint, TensorBoard."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_runtime.files import atomic_file

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.recipe import Recipe, parse_recipe

SCHEMA_VERSION = 1

_KEYS = {"recipe": dict, "data": dict, "finished": bool, "steps": int, "history": list}


@dataclass(frozen=True)
class RunDirectory:
    """Paths and the record of one run.

    `run.json` says what was trained on what, with the history per epoch; `checkpoint.npz` holds
    the weights and everything that resuming needs.
    """

    path: Path

    @property
    def checkpoint(self) -> Path:
        """Weights, optimiser slots and the state of the loop."""
        return self.path / "checkpoint.npz"

    @property
    def record_path(self) -> Path:
        """The record, JSON."""
        return self.path / "run.json"

    @property
    def tensorboard(self) -> Path:
        """Event files."""
        return self.path / "tensorboard"

    def require_new(self) -> None:
        """Refuse a directory that already holds a run.

        Raises:
            TrainingError: It does.
        """
        if self.record_path.exists():
            raise TrainingError(
                f"{self.path}: holds a run already; add --resume to continue it, or choose another "
                "--out"
            )

    def create(self) -> None:
        """Make the directory.

        Raises:
            TrainingError: It already holds a run.
        """
        self.require_new()
        self.path.mkdir(parents=True, exist_ok=True)

    def write_record(self, record: dict[str, Any]) -> None:
        """Replace `run.json` atomically."""
        text = json.dumps({"schema_version": SCHEMA_VERSION, **record}, indent=1)
        with atomic_file(self.record_path) as file:
            file.write(f"{text}\n".encode())

    def read_record(self) -> dict[str, Any]:
        """The content of `run.json`.

        Raises:
            TrainingError: No run there, or the record is damaged or of another version.
        """
        try:
            record: dict[str, Any] = json.loads(self.record_path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise TrainingError(f"{self.path}: not a training run (no run.json)") from None
        except (OSError, ValueError) as error:
            raise TrainingError(f"{self.record_path}: damaged record: {error}") from error
        if not isinstance(record, dict) or record.get("schema_version") != SCHEMA_VERSION:
            raise TrainingError(f"{self.record_path}: not a record of schema {SCHEMA_VERSION}")
        for key, kind in _KEYS.items():
            if not isinstance(record.get(key), kind):
                raise TrainingError(f"{self.record_path}: damaged record: no valid {key!r}")
        return record

    def read_recipe(self) -> Recipe:
        """The recipe the run was started with."""
        return parse_recipe(self.read_record()["recipe"], source=str(self.record_path))

"""The directory that a training run leaves: recipe, history, checkpoint, TensorBoard."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bireid_runtime.bundle_files import file_sha256
from bireid_runtime.files import require_makeable
from pydantic import ValidationError

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.recipe_sections import NetworkSection
from bireid_deploy.training.record_file import read_record_file, write_record_file

SCHEMA_VERSION = 1

_KEYS: dict[str, type | tuple[type, ...]] = {
    "recipe": dict,
    "data": dict,
    "finished": bool,
    "steps": int,
    "history": list,
    "initial": (str, type(None)),
    # A string was all that runs of earlier versions said.
    "teacher": (dict, str, type(None)),
}


@dataclass(frozen=True)
class RunDirectory:
    """Paths and the record of one run.

    `run.json` says what was trained on what, with the history per epoch; `checkpoint.npz` holds
    the weights and everything that resuming needs; `checkpoint.best.npz` is a copy of the one that
    was best in the validation, if there was one.
    """

    path: Path
    checkpoint_name: str = "checkpoint.npz"

    @property
    def checkpoint(self) -> Path:
        """Weights, optimiser slots and the state of the loop."""
        return self.path / self.checkpoint_name

    @property
    def last(self) -> "RunDirectory":
        """The same run at its last checkpoint."""
        return replace(self, checkpoint_name="checkpoint.npz")

    @property
    def best(self) -> "RunDirectory":
        """The same run at its best checkpoint."""
        return replace(self, checkpoint_name="checkpoint.best.npz")

    @property
    def record_path(self) -> Path:
        """The record, JSON."""
        return self.path / "run.json"

    @property
    def tensorboard(self) -> Path:
        """Event files."""
        return self.path / "tensorboard"

    def require_new(self) -> None:
        """Refuse a directory that already holds a run, or that cannot be made.

        Raises:
            TrainingError: It holds one.
            OSError: It cannot be made.
        """
        if self.record_path.exists():
            raise TrainingError(
                f"{self.path}: holds a run already; add --resume to continue it, or choose another "
                "--out"
            )
        require_makeable(self.path)

    def create(self) -> None:
        """Make the directory.

        Raises:
            TrainingError: It already holds a run.
        """
        self.require_new()
        self.path.mkdir(parents=True, exist_ok=True)

    def write_record(self, record: dict[str, Any]) -> None:
        """Replace `run.json` atomically."""
        write_record_file(self.record_path, SCHEMA_VERSION, record)

    def read_record(self) -> dict[str, Any]:
        """The content of `run.json`.

        Raises:
            TrainingError: No run there, or the record is damaged or of another version.
        """
        return read_record_file(
            self.record_path,
            SCHEMA_VERSION,
            _KEYS,
            lambda: f"{self.path}: not a training run{self._instead()}",
        )

    def _instead(self) -> str:
        if (self.path / "manifest.json").is_file():
            return " but a bundle; give the run that it was converted from"
        return " (no run.json)" if self.path.is_dir() else "; there is no such folder"

    def network_section(self) -> NetworkSection:
        """The table `[network]` of the recipe that the run was started with.

        Raises:
            TrainingError: As `read_record`, or the table is malformed.
        """
        try:
            text = json.dumps(self.read_record()["recipe"].get("network"))
            return NetworkSection.model_validate_json(text)
        except ValidationError as error:
            problem = error.errors()[0]
            raise TrainingError(
                f"{self.record_path}: damaged record: network: {problem['msg']}"
            ) from error

    def identity(self) -> dict[str, str]:
        """Which run this is, wherever it lies: its name and the hash of its checkpoint.

        Raises:
            TrainingError: As `read_record`, or it has no checkpoint.
        """
        self.read_record()
        try:
            digest = file_sha256(self.checkpoint)
        except OSError as error:
            raise TrainingError(
                f"{self.checkpoint}: no such checkpoint; has the run been started?"
            ) from error
        return {"run": self.path.resolve().name, "checkpoint": f"sha256:{digest}"}

"""The folder of an experiment: rendered data, one run directory and one record per run."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_deploy.experiments.errors import ExperimentError
from bireid_deploy.experiments.record import read_json
from bireid_deploy.training.run_directory import RunDirectory


@dataclass(frozen=True)
class ExperimentFolder:
    """Paths below `--out`; a run's key is its name and seed, `baseline-seed0`."""

    path: Path

    def run(self, key: str) -> RunDirectory:
        """The run directory, as `train` leaves it."""
        return RunDirectory(self.path / "runs" / key)

    def started(self, key: str) -> Path:
        """What an unfinished training was started with."""
        return self.path / "runs" / f"{key}.json"

    def result(self, key: str) -> Path:
        """The record of a finished and measured run."""
        return self.path / "results" / f"{key}.json"

    def read_result(self, key: str) -> dict[str, Any]:
        """The record of a finished run.

        Raises:
            ExperimentError: There is none, or it is damaged.
        """
        path = self.result(key)
        if not path.is_file():
            raise ExperimentError(f"{self.path}: holds no finished run {key}")
        return read_json(path)

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Keep a second experiment out; yields the lock's file descriptor.

        Trainings inherit the descriptor, so that the lock outlives a parent that was killed.

        Raises:
            ExperimentError: Somebody holds the lock.
        """
        for name in ("runs", "results"):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ExperimentError(
                    f"{self.path}: another experiment, or a training it left behind, is at work "
                    "here; wait for it, or choose another --out"
                ) from None
            yield file.fileno()

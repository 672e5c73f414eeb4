"""The data set of an experiment: opened or rendered, counted, and told apart from others."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_deploy.experiments.errors import ExperimentError
from bireid_deploy.experiments.kinds import task_of
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.base import DataSection
from bireid_deploy.tasks.counts import say_data


@dataclass(frozen=True)
class ExperimentData:
    """The data set that every run of an experiment trains and is measured on.

    Attributes:
        root: Folder, for `train --data` and `evaluate --data`.
        description: Kind, name and counts, JSON-serialisable; `sha256` covers the names and sizes
            of all files.
        said: The counts in words, and what was left out, a line each.
    """

    root: Path
    description: dict[str, Any]
    said: tuple[str, ...] = ()


def open_data(
    section: DataSection,
    data: Path | None,
    folder: Path,
    on_progress: Callable[[int, int], None] | None = None,
) -> ExperimentData:
    """Open the data set of a grid; one that a task renders is rendered unless it is there already.

    Args:
        section: What the grid says.
        data: Folder given on the command line.
        folder: Folder of the experiment, where rendered data go.
        on_progress: Called with (images rendered, images in all).

    Raises:
        ExperimentError: `data` is missing, or given although the grid renders its own.
        DatasetError: The folder is no data set of that kind, or holds other rendered data.
    """
    task = TASKS[task_of(section.kind)]
    generator = task.generators.get(section.kind)
    if generator is not None:
        if data is not None:
            raise ExperimentError("this grid renders its own data; leave out --data")
        generator.write(section, folder / generator.folder, on_progress)
        data = folder / generator.folder
    elif data is None:
        raise ExperimentError(f"this grid needs a {section.kind} data set; give it with --data")
    dataset = task.open_dataset(data)
    description = {
        "kind": section.kind,
        **task.describe(dataset),
        "sha256": _hash_listing(data),
    }
    return ExperimentData(data, description, tuple(say_data(task, dataset)))


def _hash_listing(root: Path) -> str:
    """SHA-256 over the names and sizes of the files below a folder, hidden ones left out."""
    total = hashlib.sha256()
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(name for name in files if not name.startswith(".")):
            path = Path(folder, name)
            total.update(f"{path.relative_to(root).as_posix()} {path.stat().st_size}\n".encode())
    return total.hexdigest()

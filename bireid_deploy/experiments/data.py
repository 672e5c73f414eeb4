"""The data set of an experiment: opened or rendered, counted, and told apart from others."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_deploy.experiments.errors import ExperimentError
from bireid_deploy.experiments.grid import FolderData, SyntheticData


@dataclass(frozen=True)
class ExperimentData:
    """The data set that every run of an experiment trains and is measured on.

    Attributes:
        root: Folder, for `train --data` and `evaluate --data`.
        description: Kind, name and counts, JSON-serialisable; `sha256` covers the names and sizes
            of all files.
    """

    root: Path
    description: dict[str, Any]


def open_data(
    section: SyntheticData | FolderData,
    data: Path | None,
    people: Path,
    on_progress: Callable[[int, int], None] | None = None,
) -> ExperimentData:
    """Open the data set of a grid; synthetic people are rendered unless they are there already.

    Args:
        section: What the grid says.
        data: Folder given on the command line.
        people: Where synthetic people go.
        on_progress: Called with (images rendered, images in all).

    Raises:
        ExperimentError: `data` is missing, or given although the grid renders its own people.
        DatasetError: The folder is no data set of that kind, or holds other synthetic people.
    """
    if isinstance(section, SyntheticData):
        if data is not None:
            raise ExperimentError("this grid renders its own people; leave out --data")
        from bireid_deploy.data.synthetic import write_synthetic

        write_synthetic(
            people,
            identities=section.identities,
            test_fraction=section.test_fraction,
            on_progress=on_progress,
        )
        data = people
    elif data is None:
        raise ExperimentError(f"this grid needs a {section.kind} data set; give it with --data")
    counts = _classes(data) if section.kind == "classification" else _people(data)
    return ExperimentData(data, {"kind": section.kind, **counts, "sha256": _hash_listing(data)})


def _people(root: Path) -> dict[str, Any]:
    from bireid_deploy.data.layouts import open_dataset

    dataset = open_dataset(root)
    summary = dataset.summary()
    return {
        "name": dataset.name,
        "train": {"identities": summary["train"].identities, "images": summary["train"].images},
        "query": {"identities": summary["query"].identities, "images": summary["query"].images},
        "gallery": {"images": summary["gallery"].images},
    }


def _classes(root: Path) -> dict[str, Any]:
    from bireid_deploy.data.classification import open_classification_dataset

    dataset = open_classification_dataset(root)
    return {
        "name": dataset.name,
        "train": {"classes": len(dataset.classes), "images": len(dataset.train)},
        "test": {"images": len(dataset.test)},
    }


def _hash_listing(root: Path) -> str:
    """SHA-256 over the names and sizes of the files below a folder, hidden ones left out."""
    total = hashlib.sha256()
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(name for name in files if not name.startswith(".")):
            path = Path(folder, name)
            total.update(f"{path.relative_to(root).as_posix()} {path.stat().st_size}\n".encode())
    return total.hexdigest()

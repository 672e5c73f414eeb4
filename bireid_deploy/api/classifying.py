"""`classify` as a function."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime import Bundle, Classifier, PointClassifier, Prediction
from bireid_runtime.errors import ArgumentError, CloudError, ImageError, UnsupportedModelError
from bireid_runtime.files import atomic_file

from bireid_deploy.api.training import Quiet
from bireid_deploy.data.broken import Reading
from bireid_deploy.data.folders import LeftOut
from bireid_deploy.data.item_files import find_items, read_items
from bireid_deploy.tasks.base import Progress

_CHUNK = 16
_Numbered = tuple[int | None, np.ndarray]
_FACES: Mapping[str, Callable[..., Classifier | PointClassifier]] = {
    "Classifier": Classifier.open,
    "PointClassifier": PointClassifier.open,
}


@dataclass(frozen=True)
class ClassifiedItem:
    """What a classifier says of one image or cloud.

    Attributes:
        file: The file.
        number: Which of the clouds of a file it is; None of a file with one.
        predictions: The classes from the most probable one on.
    """

    file: Path
    number: int | None
    predictions: tuple[Prediction, ...]


@dataclass(frozen=True)
class ClassifiedFiles:
    """What a classifier says.

    Attributes:
        items: In the order of the files.
        classes: Names of all classes of the network.
        fingerprint: Identifies the network.
        backend: Back end that ran it.
        left_out: What else lies in folders that were given, with the reason.
        skipped: Files that cannot be read, or not whole, with the reason.
    """

    items: tuple[ClassifiedItem, ...]
    classes: tuple[str, ...]
    fingerprint: str
    backend: str
    left_out: LeftOut = ()
    skipped: LeftOut = ()

    def to_json(self) -> list[dict[str, Any]]:
        """An object per item: `file`, `cloud` if the file has several, and `classes`."""
        return [
            {
                "file": str(each.file),
                **({} if each.number is None else {"cloud": each.number}),
                "classes": [
                    {"class": one.name, "probability": one.probability} for one in each.predictions
                ],
            }
            for each in self.items
        ]

    def save(self, path: Path) -> None:
        """Write `to_json` to a file; an interrupted write leaves the old one."""
        with atomic_file(path) as file:
            file.write(json.dumps(self.to_json(), indent=1).encode() + b"\n")


def classify(
    bundle: Path | str,
    inputs: Sequence[Path | str],
    *,
    top: int = 5,
    backend: str = "auto",
    threads: int = 1,
    skip_broken: bool = False,
    on_progress: Progress | None = None,
    quiet: Quiet = nullcontext,
) -> ClassifiedFiles:
    """Name the classes of images, or of point clouds, whichever the bundle takes.

    Args:
        bundle: Bundle with logits.
        inputs: Files, and folders whose files are taken, sorted: images, or clouds (`.npy`, `.ply`,
            `.h5`).
        top: Classes to name of each, at least 1.
        backend: Back end that runs the bundle.
        threads: Threads of that back end.
        skip_broken: Pass over files that cannot be read, and clouds of them, and list them in
            `skipped`.
        on_progress: Called with (files done, files in all).
        quiet: Wraps what native libraries write while they start.

    Raises:
        ArgumentError: `top` is below 1.
        DatasetError: An input does not exist or is of another kind.
        ImageError, CloudError: A file, or a cloud in it, cannot be read; it is named.
        MissingPackageError: A package for a file is not installed.
        BireidError: The bundle cannot be opened, or does not classify.
    """
    if top < 1:
        raise ArgumentError(f"top is {top}; it must be at least 1")
    opened = Bundle.open(bundle)
    if opened.face not in _FACES:
        raise UnsupportedModelError(
            f"{opened.path}: holds a network of the task '{opened.task}', which does not classify; "
            f"open it with {opened.face}"
        )
    listed = find_items(inputs, opened.face)
    with quiet():
        face = _FACES[opened.face](opened, backend=backend, threads=threads)
    found: list[ClassifiedItem] = []
    reading = Reading(skip_broken)
    contents = reading.each(listed.files, lambda file: _classified(face, file, top, reading))
    for done, (_, items) in enumerate(contents, start=1):
        found += items
        if on_progress is not None:
            on_progress(done + len(reading.skipped), len(listed.files))
    return ClassifiedFiles(
        tuple(found),
        face.classes,
        face.fingerprint,
        face.backend,
        listed.left_out,
        reading.skipped,
    )


def _classified(
    face: Classifier | PointClassifier, file: Path, top: int, reading: Reading
) -> list[ClassifiedItem]:
    """What a file holds; of several items one that is broken is as a file that is."""
    found: list[ClassifiedItem] = []
    broken: list[ImageError | CloudError] = []
    pending = list(read_items(file))
    for start in range(0, len(pending), _CHUNK):
        chunk = pending[start : start + _CHUNK]
        try:
            found += _predicted(face, file, chunk, top)
        except (ImageError, CloudError):
            for alone in chunk:
                try:
                    found += _predicted(face, file, [alone], top)
                except (ImageError, CloudError) as error:
                    broken.append(error)
    if broken and not found:
        raise broken[0]
    for each in broken:
        reading.pass_over(file, each)
    return found


def _predicted(
    face: Classifier | PointClassifier, file: Path, chunk: Sequence[_Numbered], top: int
) -> list[ClassifiedItem]:
    items: list[np.ndarray] = [item for _, item in chunk]
    try:
        predictions = face.predict(items, top)
    except (ImageError, CloudError) as error:
        # The runtime counts within the chunk, and has the reason alone behind that.
        number, _ = chunk[0]
        within = "" if number is None else f"cloud {number}: "
        raise type(error)(f"{file}: {within}{error.__cause__ or error}") from error
    return [
        ClassifiedItem(file, number, tuple(each))
        for (number, _), each in zip(chunk, predictions, strict=True)
    ]

"""Asking a teacher about images, chunk by chunk: the work of `teach-cache`."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bireid_runtime.errors import ImageError
from bireid_runtime.images import load_image
from bireid_runtime.outputs import OutputSpec

from bireid_deploy.data.folders import LeftOut
from bireid_deploy.errors import DatasetError, TrainingInterruptedError
from bireid_deploy.models_at_hand import OpenedModel
from bireid_deploy.tasks.base import Progress
from bireid_deploy.training.interruption import interruption
from bireid_deploy.training.teacher_cache import VIEWS, TeacherCache
from bireid_deploy.training.unfinished_cache import CHUNK, SKIPPED, Chunk, UnfinishedCache

LOGITS = "logits"

_Read = tuple[int, list[tuple[int, np.ndarray]], list[tuple[int, str]]]


@dataclass(frozen=True)
class Asked:
    """Who is asked about what.

    Attributes:
        teacher: The model.
        identity: Its name and hash.
        engine: What runs it: others may give other last bits.
        names: Paths of the images below the folder of their data set.
        paths: The same, to open.
        classes: Of the logits that the model gives beside its embedding, as the output `LOGITS`; 0
            if it gives none.
    """

    teacher: OpenedModel
    identity: str
    engine: str
    names: tuple[str, ...]
    paths: tuple[Path, ...]
    classes: int = 0

    @property
    def output(self) -> OutputSpec:
        """The embedding."""
        (spec,) = [spec for spec in self.teacher.outputs if spec.kind == "embedding"]
        return spec

    @property
    def dim(self) -> int:
        """Length of the embeddings."""
        (dim,) = self.output.shape
        return dim

    def said_of(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Float16 (N, 2, D + K): embeddings, and logits if there are any.

        Of each image as it is and of its mirror image.
        """
        if not images:
            return np.zeros((0, VIEWS, self.dim + self.classes), np.float16)
        views = [view for image in images for view in (image, image[:, ::-1].copy())]
        found = self.teacher.predictor.run_images(views)
        rows = found[self.output.name]
        if self.classes:
            rows = np.concatenate([rows, found[LOGITS]], axis=1)
        # What is beyond float16 becomes infinite, which the cache refuses.
        with np.errstate(over="ignore"):
            return rows.reshape(len(images), VIEWS, -1).astype(np.float16)

    def owner(self) -> dict[str, str]:
        """What an unfinished file must have been begun with.

        Raises:
            OSError: An image is not there any more.
        """
        digest = hashlib.sha256()
        for name, path in zip(self.names, self.paths, strict=True):
            found = path.stat()
            line = f"{name}\0{found.st_size}\0{found.st_mtime_ns}\n"
            digest.update(line.encode(errors="surrogateescape"))
        listed = digest.hexdigest()
        return {"teacher": self.identity, "engine": self.engine, "list of images": listed}


def write_cache(
    asked: Asked,
    out: Path,
    on_progress: Progress | None,
    on_said: Callable[[Sequence[str]], None],
) -> tuple[TeacherCache, LeftOut]:
    """Ask about all images that nothing is known of, then write the cache.

    Args:
        asked: Who is asked about what.
        out: File to write.
        on_progress: Called with (images done, images in all).
        on_said: Told where it goes on.

    Returns:
        The cache, and images that could not be read, with the reason.

    Raises:
        DatasetError: None of the images could be read.
        TrainingError: An embedding has no direction; or what lies beside `out` was begun with
            another teacher, engine or list of images.
        TrainingInterruptedError: Ctrl-C or SIGTERM, after a chunk was kept.
        OSError: A file cannot be read or written.
    """
    width = asked.dim + asked.classes
    with UnfinishedCache(out, asked.owner(), len(asked.paths), width) as unfinished:
        if unfinished.end:
            on_said([f"going on behind {unfinished.end} of {len(asked.paths)} images"])
        _ask(asked, unfinished, on_progress)
        cache, skipped = _finished(asked, unfinished.chunks)
        cache.save(out)
        unfinished.remove()
    return cache, skipped


def _ask(asked: Asked, unfinished: UnfinishedCache, on_progress: Progress | None) -> None:
    """An engine may give other last bits in another batch, so chunks are always the same ones."""
    count = len(asked.paths)
    with interruption() as interrupted:
        for end, images, skipped in _chunks(asked.paths, unfinished.end):
            rows = asked.said_of([image for _, image in images])
            kept = tuple(index for index, _ in images)
            unfinished.add(Chunk(end, kept, tuple(skipped), rows))
            if on_progress is not None:
                on_progress(end, count)
            if interrupted() and end < count:
                raise TrainingInterruptedError(
                    f"interrupted; what is said of {end} of {count} images lies in "
                    f"{unfinished.path}, and the same command goes on"
                )


def _finished(asked: Asked, chunks: Sequence[Chunk]) -> tuple[TeacherCache, LeftOut]:
    paths = asked.paths
    skipped = tuple((paths[index], reason) for chunk in chunks for index, reason in chunk.skipped)
    kept = [index for chunk in chunks for index in chunk.kept]
    if not kept:
        path, reason = skipped[0]
        raise DatasetError(f"none of {len(paths)} files can be read; the first: {path}: {reason}")
    rows = np.concatenate([chunk.rows for chunk in chunks])
    embeddings, logits = np.split(rows, [asked.dim], axis=2)
    names = tuple(asked.names[index] for index in kept)
    said = logits if asked.classes else None
    return TeacherCache(embeddings, names, asked.identity, said), skipped


def _chunks(paths: Sequence[Path], begin: int) -> Iterator[_Read]:
    """Images in chunks: where each ends, those that could be read, and why the others could not."""
    images: list[tuple[int, np.ndarray]] = []
    skipped: list[tuple[int, str]] = []
    for index in range(begin, len(paths)):
        try:
            images.append((index, load_image(paths[index])))
        except ImageError as error:
            skipped.append((index, str(error).removeprefix(f"{paths[index]}: ")))
        full = len(images) == CHUNK or len(skipped) == SKIPPED
        if full or index + 1 == len(paths):
            yield index + 1, images, skipped
            images, skipped = [], []

"""`teach-cache` as a function."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_converters.checkpoints.families.family import RE_IDENTIFICATION
from bireid_runtime.errors import ArgumentError, UnsupportedModelError

from bireid_deploy.api.asking import Asked, write_cache
from bireid_deploy.api.training import Quiet
from bireid_deploy.data.folders import LeftOut
from bireid_deploy.data.output_file import require_place
from bireid_deploy.data.said_by_others import SaidByOthers
from bireid_deploy.models_at_hand import OpenedModel, is_run, open_model
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.base import Progress
from bireid_deploy.training.run_directory import RunDirectory
from bireid_deploy.training.teacher_cache import CACHE_SUFFIX, TeacherCache, teacher_identity


@dataclass(frozen=True)
class TaughtCache:
    """What `teach-cache` wrote.

    Attributes:
        path: The file.
        images: How many training images it knows.
        dim: Length of the embeddings.
        classes: Of the logits; None if there are none.
        teacher: What it was made of, with a hash.
        skipped: Images that could not be read, with the reason.
    """

    path: Path
    images: int
    dim: int
    classes: int | None
    teacher: str
    skipped: LeftOut = ()


def teach_cache(
    teacher: Path | str,
    data: Path | str,
    out: Path | str,
    *,
    layout: str = "auto",
    backend: str = "auto",
    threads: int = 1,
    family: str | None = None,
    size: tuple[int, int] | None = None,
    last_stride: int | None = None,
    preprocess: Mapping[str, Any] | None = None,
    config: Path | str | None = None,
    on_progress: Progress | None = None,
    on_said: Callable[[Sequence[str]], None] = lambda lines: None,
    quiet: Quiet = nullcontext,
) -> TaughtCache:
    """Keep what a teacher says of every training image, for `train --teacher`.

    Args:
        teacher: Run, bundle (of `import`, too), checkpoint of a family that `import` knows, whose
            logits are kept too, or an `.npz` that the user's own code wrote: see
            `bireid_deploy.data.said_by_others`.
        data: Folder of the data set whose training images it is asked about.
        out: File to write, `.npz`.
        layout: Layout of the data set.
        backend: Back end of a bundle.
        threads: Threads of a bundle's engine.
        family: Of a checkpoint, as `import_checkpoint` takes it, and so the next four.
        size: Height and width of its images in pixels.
        last_stride: Of a ResNet's last stage.
        preprocess: Fields of `Preprocess` besides the size.
        config: The framework's own configuration.
        on_progress: Called with (images done, images in all).
        on_said: Told what the data set holds.
        quiet: Wraps what native libraries write while they start.

    Raises:
        ArgumentError: `out` does not end in .npz, or lies in no folder; or `teacher` is an .onnx
            file; or it is said how a checkpoint is read, and it is none.
        CheckpointError: A checkpoint that is damaged or hostile, or `config` is or contradicts it.
        UnsupportedModelError: The teacher does not embed people.
        DatasetError: No data set of people, or the `.npz` is malformed or knows other images.
        TrainingError: The teacher gives embeddings without a direction, or what lies beside `out`
            was begun with another teacher, engine or list of images.
        TrainingInterruptedError: Ctrl-C or SIGTERM; what is done lies beside `out`, and the same
            call goes on to the same file.
        BireidError: The run or the bundle cannot be opened.
    """
    source, target = Path(teacher), Path(out)
    require_place(target, (CACHE_SUFFIX,))
    if source.suffix.lower() == ".onnx":
        raise ArgumentError(
            f"{source}: make a bundle of it first, which says how its images are prepared: "
            f"bireid-deploy import {source} -o BUNDLE"
        )
    is_checkpoint = source.is_file() and source.suffix != CACHE_SUFFIX
    _require_meaning(
        source, is_checkpoint, backend, (family, size, last_stride, preprocess, config)
    )
    task = TASKS[RE_IDENTIFICATION]
    dataset = task.open_dataset(Path(data), layout, use="train")
    from bireid_deploy.tasks.counts import say_data

    on_said(say_data(task, dataset))
    names = [sample.path.relative_to(dataset.root).as_posix() for sample in dataset.train]
    skipped: LeftOut = ()
    names_and_paths = tuple(names), tuple(sample.path for sample in dataset.train)
    if is_checkpoint:
        with quiet():
            from bireid_converters.checkpoints.configs import read_settings
            from bireid_converters.rebuild import ImportSettings

            from bireid_deploy.api.foreign_teacher import open_foreign

            told = None if config is None else read_settings(config)
            foreign = open_foreign(
                source, ImportSettings(family, size, last_stride, preprocess or {}, told)
            )
        on_said(foreign.said)
        asked = Asked(
            foreign.opened,
            f"{_of_file(source)}, read as {_short_hash(foreign.built)}",
            foreign.built,
            *names_and_paths,
            foreign.classes,
        )
        cache, skipped = write_cache(asked, target, on_progress, on_said)
    elif source.is_file():
        said = SaidByOthers.load(source).of(names, source)
        cache = TeacherCache(said.embeddings, tuple(names), _of_file(source), said.logits)
        cache.save(target)
    else:
        with quiet():
            opened = open_model(source, backend, threads)
        if opened.task is not task:
            raise UnsupportedModelError(f"{source}: a teacher for a cache embeds people")
        engine = f"{opened.engine} {threads}"
        asked = Asked(opened, _of_model(source, opened), engine, *names_and_paths)
        cache, skipped = write_cache(asked, target, on_progress, on_said)
    return TaughtCache(
        target,
        len(cache.names),
        cache.embeddings.shape[2],
        None if cache.logits is None else cache.logits.shape[2],
        cache.teacher,
        skipped,
    )


def _require_meaning(
    source: Path, is_checkpoint: bool, backend: str, read_as: Sequence[object]
) -> None:
    if source.is_file() and backend != "auto":
        raise ArgumentError(f"backend {backend!r}: only a bundle has back ends to choose from")
    if not is_checkpoint and any(read_as):
        raise ArgumentError(
            f"{source}: family, size, last stride, colours, resizing and configuration are said of "
            "a checkpoint of PyTorch, which it is not; leave them out"
        )


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _of_model(source: Path, opened: OpenedModel) -> str:
    if is_run(source):
        identity = RunDirectory(source).identity()
        return f"{identity['run']} {identity['checkpoint']}"
    return f"{opened.name} {opened.predictor.fingerprint}"


def _of_file(source: Path) -> str:
    identity = teacher_identity(source)
    return f"{identity['run']} {identity['checkpoint']}"

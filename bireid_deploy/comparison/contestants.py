"""What a person compares: runs, bundles, single files of bundles, saved outputs."""

from dataclasses import dataclass
from pathlib import Path

from bireid_converters.formats import ELSEWHERE
from bireid_runtime import Bundle, Session
from bireid_runtime.backends import BACKENDS, Backend
from bireid_runtime.errors import ArgumentError
from bireid_runtime.self_test import open_any_camera

from bireid_deploy.comparison.file_engines import FILE_ENGINES
from bireid_deploy.models_at_hand import (
    OpenedModel,
    is_run,
    open_model,
    task_of_bundle,
    task_of_saved,
)
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.base import Task
from bireid_deploy.trained_run import KerasPredictor, read_recipe
from bireid_deploy.training.run_directory import RunDirectory

_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class BundleFile:
    """One file of a bundle, and how a person named it.

    Attributes:
        bundle: The bundle.
        format: The file's format.
    """

    bundle: Bundle
    format: str

    @property
    def path(self) -> Path:
        """The file."""
        return self.bundle.file(self.format)

    def open(self, threads: int) -> OpenedModel:
        """Load it with the back end that reads its format, else with the engine of its suffix.

        Raises:
            BireidError: The engine is missing or refuses the file.
        """
        task = task_of_bundle(self.bundle)
        readers = _readers(self.bundle, self.format)
        ready = [each for each in readers if each.unavailable_reason() is None]
        if readers:
            session = open_any_camera(self.bundle, (ready or readers)[0].name, threads)
            engine = session.backend
        else:
            engine, opener = FILE_ENGINES[self.path.suffix]
            session = Session(
                self.bundle, opener(self.bundle, self.format, threads), engine, threads
            )
        return OpenedModel(self.path.name, engine, task, session, self.bundle.outputs)


@dataclass(frozen=True)
class Contestant:
    """A model before it is opened.

    Attributes:
        path: As the person gave it, or the name of a baseline.
        task: What it was made for.
        file: The file of a bundle that stands for it, if it is one.
        saved: Whether it is a file of saved outputs.
    """

    path: Path
    task: Task
    file: BundleFile | None = None
    saved: bool = False

    @property
    def label(self) -> str:
        """What a table calls it, unless two are called alike."""
        return self.path.name

    def open(self, threads: int) -> tuple[OpenedModel, int | None]:
        """Load it; gives its bytes too: of the file, or of a run's weights in float32.

        Raises:
            BireidError: It cannot be opened.
        """
        if self.file is not None:
            return self.file.open(threads), self.file.path.stat().st_size
        opened = open_model(self.path)
        if not isinstance(opened.predictor, KerasPredictor):
            return opened, None
        weights = opened.predictor.deployment.model.variables
        return opened, sum(4 * int(each.shape.num_elements()) for each in weights)


def find_contestant(path: Path) -> Contestant:
    """Find out what a person means, and look at it, before anything heavy is loaded.

    Args:
        path: Run directory, bundle, file inside a bundle, file of saved outputs, or the name of a
            baseline.

    Raises:
        ArgumentError: A file that is none of these.
        BireidError: A run or a bundle that cannot be read.
    """
    if is_run(path):
        return Contestant(path, TASKS[read_recipe(RunDirectory(path)).task])
    if (saved := task_of_saved(path)) is not None:
        return Contestant(path, saved, saved=True)
    for task in TASKS.values():
        if str(path) in task.baselines:
            return Contestant(path, task)
    inside = path.is_file() and (path.parent / _MANIFEST).is_file()
    bundle = Bundle.open(path.parent if inside else path)
    formats = [name for name in bundle.formats if not inside or bundle.file(name).name == path.name]
    # Of a whole bundle: what a device would run, then what is there only to compare with.
    formats.sort(key=lambda name: _rank(bundle, name))
    usable = [
        each
        for each in formats
        if _readers(bundle, each)
        or (bundle.file(each).suffix in FILE_ENGINES and each not in ELSEWHERE)
    ]
    if not usable:
        raise ArgumentError(
            f"{path}: no model file of a bundle that runs here; give a run, a bundle, a .onnx or "
            ".tflite file in a bundle, or saved outputs"
        )
    return Contestant(path, task_of_bundle(bundle), BundleFile(bundle, usable[0]))


def _rank(bundle: Bundle, name: str) -> int:
    readers = _readers(bundle, name)
    return BACKENDS.index(readers[0]) if readers else len(BACKENDS)


def _readers(bundle: Bundle, name: str) -> list[Backend]:
    """The back ends that run this file of a bundle, of those that compute what it says."""
    return [each for each in BACKENDS if each.exact and each.format_in(bundle) == name]

"""Finding out what a person means by a model: a run, a bundle, a baseline, or saved outputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bireid_runtime import Bundle
from bireid_runtime.errors import ArgumentError, UnsupportedModelError
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.self_test import open_any_camera
from bireid_runtime.suggestions import hint

from bireid_deploy.extras import require
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.base import Task
from bireid_deploy.tasks.predictors import Predictor
from bireid_deploy.trained_run import KerasPredictor, open_run
from bireid_deploy.training.run_directory import RunDirectory


@dataclass(frozen=True)
class OpenedModel:
    """A model that is ready to run.

    Attributes:
        name: For reports.
        engine: What runs it: `keras`, the name of a back end, or that of a baseline.
        task: What it was made for.
        predictor: The network.
        outputs: Specs of its outputs.
        as_trained: Of a run whose deployed network is not the trained one: the latter.
    """

    name: str
    engine: str
    task: Task
    predictor: Predictor
    outputs: Sequence[OutputSpec]
    as_trained: Predictor | None = None


def is_run(model: Path) -> bool:
    """Whether a path is a run directory."""
    return RunDirectory(model).record_path.exists()


def task_of_bundle(bundle: Bundle) -> Task:
    """The task that a bundle's network was made for.

    Raises:
        UnsupportedModelError: This version knows no such task.
    """
    if bundle.task not in TASKS:
        raise UnsupportedModelError(
            f"{bundle.path}: a network of the task {bundle.task!r}; {hint(bundle.task, TASKS)}"
        )
    return TASKS[bundle.task]


def task_of_saved(model: Path) -> Task | None:
    """The task whose saved outputs a file holds, by its ending; None if it is no such file."""
    found = [task for task in TASKS.values() if model.suffix in task.saved_suffixes]
    return found[0] if found and not model.is_dir() else None


def open_model(model: Path, backend: str = "auto", threads: int = 1) -> OpenedModel:
    """Open a run, a bundle or a baseline.

    Args:
        model: Run directory, bundle, or the name of a baseline.
        backend: Back end of a bundle.
        threads: Threads of a bundle's engine.

    Raises:
        ArgumentError: A back end is named for something that has none.
        BireidError: The run or the bundle cannot be opened.
    """
    baselines = {
        name: (task, baseline)
        for task in TASKS.values()
        for name, baseline in task.baselines.items()
    }
    if backend != "auto" and (is_run(model) or str(model) in baselines):
        raise ArgumentError(f"backend {backend!r}: only a bundle has back ends to choose from")
    if str(model) in baselines:
        task, baseline = baselines[str(model)]
        predictor = baseline()
        return OpenedModel(str(model), predictor.engine, task, predictor, predictor.outputs)
    if is_run(model):
        require("train")
        run = open_run(model)
        deployment, trained = run.deployment(), run.as_trained()
        return OpenedModel(
            model.name,
            "keras",
            run.task,
            KerasPredictor(deployment),
            deployment.outputs,
            None if trained is None else KerasPredictor(trained),
        )
    # Of a network that is adapted to cameras, its task asks for those that it needs.
    session = open_any_camera(model, backend, threads)
    task = task_of_bundle(session.bundle)
    return OpenedModel(model.name, session.backend, task, session, session.bundle.outputs)

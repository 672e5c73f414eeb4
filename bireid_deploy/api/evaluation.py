"""`evaluate` as a function."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_runtime.errors import ArgumentError
from bireid_runtime.suggestions import hint

from bireid_deploy.api.training import Quiet
from bireid_deploy.models_at_hand import is_run, open_model, task_of_bundle, task_of_saved
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.base import Progress, Report, Task
from bireid_deploy.tasks.counts import count_data, say_data
from bireid_deploy.tasks.options import check_options
from bireid_deploy.trained_run import read_recipe
from bireid_deploy.training.run_directory import RunDirectory


@dataclass(frozen=True)
class Evaluation:
    """What a model achieves on the test split of a data set.

    Attributes:
        model: Name of the model.
        engine: What ran it: `keras`, a back end, a baseline, or `embeddings` for saved ones.
        report: Scores, and the same as a table.
        counts: What the data set holds, and how much was left out by reason; None of saved outputs.
        as_trained: Of a run whose deployed network, which `report` is about, is not the trained one
            (the matrices of RBCN, pruned structures): what the latter achieves.
    """

    model: str
    engine: str
    report: Report
    counts: Mapping[str, Any] | None = None
    as_trained: Report | None = None

    def to_json(self) -> dict[str, Any]:
        """The scores with their circumstances, JSON-serialisable."""
        facts: dict[str, Any] = {
            "model": self.model,
            "data": self.report.data,
            "engine": self.engine,
        }
        if self.report.images_per_second is not None:
            facts["images_per_second"] = self.report.images_per_second
        if self.counts is not None:
            facts["data_set"] = dict(self.counts)
        if self.as_trained is not None:
            facts["as_trained"] = self.as_trained.scores
        return {**facts, **self.report.scores}


def evaluate(
    model: Path | str,
    data: Any = None,
    *,
    layout: str = "auto",
    backend: str = "auto",
    threads: int = 1,
    options: Mapping[str, Any] | None = None,
    on_progress: Progress | None = None,
    on_remark: Callable[[str], None] = lambda line: None,
    quiet: Quiet = nullcontext,
) -> Evaluation:
    """Measure a model on the test split of a data set, as its task does.

    Args:
        model: Run directory, bundle, file of saved embeddings, or the name of a baseline
            (`histogram`).
        data: Folder of the data set, or a data set that the model's task has opened; saved
            embeddings need none.
        layout: Layout of the data set, for tasks that know several.
        backend: Back end that runs a bundle.
        threads: Threads of that back end.
        options: What the task understands beside; of re-identification `rerank` (bool),
            `average_precision` (`non-interpolated`, `trapezoid`), `save` (a path, `.npz` or
            `.jsonl`) and `draw` (a path, `.png`).
        on_progress: Called with (done, total).
        on_remark: Called line by line with what the data set holds, what was left out and why.
        quiet: Wraps what native libraries write while they start.

    Returns:
        The scores, the same as a table, and what ran the model.

    Raises:
        ArgumentError: An option that the task does not understand, `data` is missing, or given
            beside saved outputs.
        DatasetError: The data set does not fit or holds a broken image.
        BireidError: The model cannot be opened.
    """
    model, options = Path(model), dict(options or {})
    task = _task_of(model)
    check_options(options, task.options, task.title)
    task.check_options(options)
    if model.suffix in task.saved_suffixes and task_of_saved(model) is task:
        if data is not None:
            raise ArgumentError(f"{model} holds outputs already; leave out the data set")
        return Evaluation(
            model.name, "embeddings", task.evaluate_saved(model, options, on_progress)
        )
    if data is None:
        raise ArgumentError("a model is evaluated on a data set: give its folder")
    if isinstance(data, Path | str):
        data = task.open_dataset(Path(data), layout, use="test")
    for line in say_data(task, data):
        on_remark(line)
    with quiet():
        opened = open_model(model, backend, threads)
    report = task.evaluate(opened.predictor, data, opened.outputs, options, on_progress)
    trained = None
    if opened.as_trained is not None:
        # Without options: what is saved or drawn is of the deployed network.
        trained = task.evaluate(opened.as_trained, data, opened.outputs, {}, on_progress)
    return Evaluation(opened.name, opened.engine, report, count_data(task, data), trained)


def _task_of(model: Path) -> Task:
    """What a model was made for, before anything heavy is loaded."""
    if is_run(model):
        return TASKS[read_recipe(RunDirectory(model)).task]
    if (saved := task_of_saved(model)) is not None:
        return saved
    for task in TASKS.values():
        if str(model) in task.baselines:
            return task
    from bireid_runtime import Bundle

    if not model.exists():
        raise ArgumentError(
            f"{model}: no run, bundle, file of outputs or baseline; "
            f"{hint(str(model), _models_beside(model))}"
        )
    return task_of_bundle(Bundle.open(model, verify=False))


def _models_beside(model: Path) -> list[str]:
    """Baselines, and the runs, bundles and files of outputs where a path leads."""
    found = [name for task in TASKS.values() for name in task.baselines]
    if model.parent.is_dir():
        found += [
            str(each)
            for each in sorted(model.parent.iterdir())
            if is_run(each) or (each / "manifest.json").is_file() or task_of_saved(each)
        ]
    return found

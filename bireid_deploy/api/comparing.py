"""`compare` as a function."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_runtime.errors import ArgumentError

from bireid_deploy.api.training import Quiet
from bireid_deploy.comparison.comparison import Measured, Row
from bireid_deploy.comparison.contestants import Contestant, find_contestant
from bireid_deploy.tasks.base import Progress, Task
from bireid_deploy.tasks.counts import say_data

ROUNDS, STARTS = 10, 1


@dataclass(frozen=True)
class Comparison:
    """Models on one test set.

    Attributes:
        rows: One per model; the first one is what the others are held against.
        task: What they were made for.
        data: Name of the data set.
        counts: What was measured on, in words.
        groups: How many groups, such as people, the intervals are over; 0 without intervals.
        group_name: What a group is, in the plural.
        threads: Threads of every engine that was timed.
    """

    rows: tuple[Row, ...]
    task: Task
    data: str
    counts: str
    groups: int
    group_name: str
    threads: int

    def to_json(self) -> dict[str, Any]:
        """JSON-serialisable."""
        return {
            "data": self.data,
            "intervals_over": {"name": self.group_name, "count": self.groups},
            "threads": self.threads,
            "models": [row.to_json() for row in self.rows],
        }


def compare(
    models: Sequence[Path | str] | Mapping[str, Path | str],
    data: Any = None,
    *,
    layout: str = "auto",
    threads: int = 1,
    timed: bool = True,
    on_measuring: Callable[[str], None] = lambda model: None,
    on_remark: Callable[[str], None] = lambda line: None,
    on_progress: Progress | None = None,
    quiet: Quiet = nullcontext,
) -> Comparison:
    """Measure models on the same test set, and pair them item by item with the first one.

    Args:
        models: Run directories, bundles, `.onnx` or `.tflite` files inside bundles, files of saved
            embeddings, names of baselines; or the same by what the table shall call them.
        data: Folder of the data set, or a data set that the models' task has opened; saved
            embeddings alone need none.
        layout: Layout of the data set, for tasks that know several.
        threads: Threads of every engine that is timed.
        timed: Whether to time the models that are files, each engine in a process of its own.
        on_measuring: Told the name of each model before it is measured.
        on_remark: Told what the data hold, and what was left out, one line each.
        on_progress: Called with (done, total) of one model.
        quiet: Wraps what native libraries write while they start.

    Returns:
        A row per model.

    Raises:
        ArgumentError: Fewer than two models, of several tasks, on other items; or no data.
        DatasetError: The data set does not fit or holds a broken image.
        BireidError: A model cannot be opened.
    """
    from bireid_deploy.comparison.comparison import compare as pair

    contestants = _contestants(models)
    task = _one_task(contestants)
    if data is None and not all(each.saved for each in contestants.values()):
        raise ArgumentError("models are compared on a data set: give its folder")
    if isinstance(data, Path | str):
        data = task.open_dataset(Path(data), layout, use="test")
        for line in say_data(task, data):
            on_remark(line)
    measured = []
    for name, contestant in contestants.items():
        on_measuring(name)
        measured.append(_measure(name, contestant, data, on_progress, quiet))
    if timed:
        times = _time(contestants, threads)
        measured = [
            Measured(each.model, each.engine, each.report, each.bytes, times.get(each.model))
            for each in measured
        ]
    rows, report = pair(measured), measured[0].report
    items = report.items
    people = 0 if items is None else len(set(items.groups[items.counted()].tolist()))
    return Comparison(
        tuple(rows),
        task,
        report.data if data is None else task.describe(data)["name"],
        report.counts,
        people,
        "" if items is None else items.group_name,
        threads,
    )


def _contestants(
    models: Sequence[Path | str] | Mapping[str, Path | str],
) -> dict[str, Contestant]:
    if len(models) < 2:
        raise ArgumentError("give at least two models to compare")
    if isinstance(models, Mapping):
        return {name: find_contestant(Path(path)) for name, path in models.items()}
    found = [find_contestant(Path(path)) for path in models]
    labels = [each.label for each in found]
    named = {str(each.path) if labels.count(each.label) > 1 else each.label: each for each in found}
    if len(named) < len(found):
        raise ArgumentError("the same model is given twice")
    return named


def _one_task(contestants: Mapping[str, Contestant]) -> Task:
    (name, first), *others = contestants.items()
    for other, contestant in others:
        if contestant.task is not first.task:
            raise ArgumentError(
                f"{name} is for {first.task.title}, {other} for {contestant.task.title}; compare "
                "models of one task"
            )
    return first.task


def _measure(
    name: str, contestant: Contestant, data: Any, on_progress: Progress | None, quiet: Quiet
) -> Measured:
    task = contestant.task
    if contestant.saved:
        return Measured(name, "saved", task.evaluate_saved(contestant.path, {}, on_progress))
    with quiet():
        opened, size = contestant.open(threads=1)
    report = task.evaluate(opened.predictor, data, opened.outputs, {}, on_progress)
    return Measured(name, opened.engine, report, size)


def _time(contestants: Mapping[str, Contestant], threads: int) -> dict[str, float]:
    """Median milliseconds of those that are files of bundles, in interleaved rounds."""
    from bireid_deploy.api.benchmark import RUNS_PER_ROUND
    from bireid_deploy.benchmark.engines import engine_of_format
    from bireid_deploy.benchmark.session import time_engines

    engines = {}
    for name, contestant in contestants.items():
        if contestant.file is not None and len(contestant.file.bundle.inputs) == 1:
            engine = engine_of_format(contestant.file.bundle, contestant.file.format, threads)
            if engine is not None:
                engines[name] = engine
    if not engines:
        return {}
    timings = time_engines(list(engines.values()), ROUNDS, RUNS_PER_ROUND, STARTS)
    return {name: each.percentile(50) for name, each in zip(engines, timings, strict=True)}

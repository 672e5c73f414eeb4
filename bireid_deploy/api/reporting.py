"""`report` as a function."""

import datetime
import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime import Bundle
from bireid_runtime.files import atomic_file

from bireid_deploy import __version__
from bireid_deploy.api.evaluation import evaluate
from bireid_deploy.api.training import Quiet
from bireid_deploy.data.output_file import require_place
from bireid_deploy.evaluation.pages.document import document, escaped, facts, section, table
from bireid_deploy.extras import require
from bireid_deploy.models_at_hand import is_run, task_of_bundle
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.base import Attention, Progress, Task
from bireid_deploy.trained_run import TrainedRun, open_run, read_recipe
from bireid_deploy.training.run_directory import RunDirectory

_SUFFIX = ".html"


def report(
    model: Path | str,
    data: Any,
    out: Path | str,
    *,
    run: Path | str | None = None,
    layout: str = "auto",
    backend: str = "auto",
    threads: int = 1,
    on_remark: Callable[[str], None] = lambda line: None,
    on_progress: Progress | None = None,
    quiet: Quiet = nullcontext,
) -> Path:
    """Write what a model finds on a test set as one HTML file that needs nothing else.

    Args:
        model: Run directory or bundle.
        data: Folder of the data set, or a data set that the model's task has opened.
        out: File ending in `.html`; replaced in one step.
        run: Run that shows where the network is active: for a bundle the one that it came from.
            None takes the model, if it is a run.
        layout: Layout of the data set, for tasks that know several.
        backend: Back end that runs a bundle.
        threads: Threads of that back end.
        on_remark: Told what the data hold, and what was left out, one line each.
        on_progress: Called with (done, total).
        quiet: Wraps what native libraries write while they start.

    Returns:
        The file.

    Raises:
        ArgumentError: Neither a run nor a bundle, or another suffix, or a folder that is missing.
        DatasetError: The data set does not fit or holds a broken image.
        BireidError: The model cannot be opened.
    """
    model, out = Path(model), Path(out)
    require_place(out, (_SUFFIX,))
    task, provenance = _provenance(model)
    if run is None and is_run(model):
        run = model
    if run is not None:
        require("train")
    if isinstance(data, Path | str):
        data = task.open_dataset(Path(data), layout, use="test")
    attention = None
    if run is not None:
        with quiet():
            attention = attention_of(open_run(Path(run)))
    found = evaluate(
        model,
        data,
        backend=backend,
        threads=threads,
        on_progress=on_progress,
        on_remark=on_remark,
        quiet=quiet,
    )
    parts = [_head(found.model, task, found.report.data, found.engine)]
    pages = task.page(found.report, data, attention)
    parts += pages or [
        section("scores", "Scores", "", table(found.report.columns, found.report.rows))
    ]
    counted = [("measured on", f"{found.report.data}: {found.report.counts}")]
    said = [("left out", line) for line in found.report.remarks]
    parts.append(_circumstances([*counted, *said, ("engine", found.engine), *provenance]))
    with atomic_file(out) as file:
        file.write(document(f"{found.model} on {found.report.data}", parts).encode())
    return out


def attention_of(run: TrainedRun) -> Attention | None:
    """Where the last map of a run's network is active; None for networks without images."""
    if len(run.inputs) != 1 or run.inputs[0].preprocess is None:
        return None
    spec, features = run.inputs[0], run.network.features
    maps = [name for name, shape in features.output_shape.items() if len(shape) == 4]
    if not maps:
        return None

    def active(images: Sequence[np.ndarray]) -> np.ndarray:
        prepared = np.stack([spec.prepare(image) for image in images])
        found = features(prepared, training=False)[maps[-1]]
        return np.abs(np.asarray(found)).mean(axis=-1)

    said = (
        f"Mean absolute activation over the channels of {maps[-1]!r}, the last map of the trained "
        f"network ({run.directory.path.name}, Keras), enlarged to the crop."
    )
    return Attention(said, active)


def _head(model: str, task: Task, data: str, engine: str) -> str:
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"<header><h1>{escaped(model)} on {escaped(data)}</h1>"
        f'<p class="note">{escaped(task.title)}, run by {escaped(engine)}, {now}, '
        f"bireid-deploy {escaped(__version__)}</p></header>"
    )


def _provenance(model: Path) -> tuple[Task, list[tuple[str, str]]]:
    """What a model is for, and what its record or manifest says of where it comes from."""
    if is_run(model):
        record = RunDirectory(model).read_record()
        recipe = read_recipe(RunDirectory(model))
        return TASKS[recipe.task], [
            ("model", f"run {model}"),
            ("recipe", f"{recipe.name}: {recipe.description}"),
            ("trained on", _line(record["data"])),
            ("steps", f"{record['steps']}, {len(record['history'])} epochs"),
            ("started from", _line(record["initial"])),
            ("teacher", _line(record["teacher"])),
        ]
    bundle = Bundle.open(model)
    manifest = bundle.manifest
    training = manifest.get("training", {})
    return task_of_bundle(bundle), [
        ("model", f"bundle {model}"),
        ("name", bundle.name),
        ("fingerprint", bundle.fingerprint),
        ("network", _line(manifest["network"])),
        ("recipe", str(training.get("recipe", {}).get("name", "-"))),
        ("trained on", _line(training.get("data"))),
        ("steps", str(training.get("steps", "-"))),
        ("parity gate", "passed" if manifest["parity"].get("verified") else "skipped"),
        ("files", ", ".join(manifest["files"])),
        ("licences", _line(manifest["licences"])),
        ("toolchain", _line(manifest["toolchain"])),
    ]


def _circumstances(rows: Sequence[tuple[str, str]]) -> str:
    return section("provenance", "Provenance", "", facts(rows))


def _line(value: Any) -> str:
    """A record in words; a long list is cut."""
    if value is None:
        return "-"
    if not isinstance(value, dict):
        return str(value)
    parts = []
    for key, each in value.items():
        text = each if isinstance(each, str) else json.dumps(each)
        parts.append(f"{key} {text if len(text) <= 120 else text[:117] + '...'}")
    return ", ".join(parts)

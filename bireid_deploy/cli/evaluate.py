"""`bireid-deploy evaluate`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from bireid_runtime.bundle_files import MANIFEST_NAME

from bireid_deploy.cli.console import emit_json, emit_table, message, progress
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.options import united

if TYPE_CHECKING:
    from bireid_deploy.api.evaluation import Evaluation

_OPTIONS = united(task.options for task in TASKS.values())


def _of_tasks(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of all tasks to a command."""
    for name, option in reversed(_OPTIONS.items()):
        flag = f"--{name.replace('_', '-')}"
        if option.choices:
            kind: Any = {"type": click.Choice(option.choices), "default": option.choices[0]}
            kind["show_default"] = True
        elif option.takes_path:
            kind = {"type": click.Path(path_type=Path)}
        else:
            kind = {"is_flag": True}
        command = click.option(flag, name, help=option.help, **kind)(command)
    return command


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Data set folder.")
@click.option("--layout", default="auto", show_default=True, help="Layout of the data set.")
@click.option("--backend", default="auto", show_default=True, help="Back end that runs a bundle.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
@_of_tasks
@click.option("--keep", is_flag=True, help="Write the scores into a bundle's manifest and card.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    model: Path,
    data: Path | None,
    layout: str,
    backend: str,
    threads: int,
    keep: bool,
    as_json: bool,
    **of_tasks: Any,
) -> None:
    """Measure MODEL on the test split of a data set, as its task does.

    MODEL is a run directory, a bundle, a file that --save wrote (then --data is not needed),
    or the word `histogram` for the colour-histogram baseline. A network of people is measured by
    CMC, mAP and mINP, a classifier by its top-1 and top-5 accuracy (of clouds, overall and mean of
    the classes), a detector by the average precision of COCO and VOC, a tracker by success,
    precision and overlap.
    """
    from bireid_deploy import api

    given = {name: value for name, value in of_tasks.items() if _is_given(name)}
    if keep:
        _require_plain(model, given)
    with progress("evaluating") as on_progress:
        found = api.evaluate(
            model,
            data,
            layout=layout,
            backend=backend,
            threads=threads,
            options=given,
            on_progress=on_progress,
            on_remark=message,
            quiet=quiet_native_output,
        )
    for name, value in given.items():
        if _OPTIONS[name].takes_path:
            message(f"saved to {value}")
    for line in found.report.remarks:
        message(line)
    if keep:
        api.keep_scores(model, found)
        message(f"kept in {model}")
    if as_json:
        emit_json(found.to_json())
        return
    _show(found)
    message(found.report.counts)


def _show(found: "Evaluation") -> None:
    """A row says what ran it, and the title where there are several; what was trained is beside."""
    report, trained = found.report, found.as_trained
    if len(report.rows) > 1:
        on_data = f"on {report.data}, by {found.engine}"
        emit_table(f"{found.model} {on_data}", report.columns, report.rows)
        if trained is not None:
            emit_table(f"{found.model}, as trained, {on_data}", trained.columns, trained.rows)
        return
    rows = [(found.engine, *row) for row in report.rows]
    if trained is not None:
        rows += [(f"{found.engine}, as trained", *row) for row in trained.rows]
    emit_table(f"{found.model} on {report.data}", ("model", *report.columns), rows)


def _require_plain(model: Path, given: dict[str, Any]) -> None:
    """A row of a card says which engine and which data, so that is all that may differ."""
    if not (model / MANIFEST_NAME).is_file():
        raise click.UsageError(f"--keep writes into a bundle, and {model} is none")
    for name in given:
        if not _OPTIONS[name].takes_path:
            raise click.UsageError(f"--keep takes scores without --{name.replace('_', '-')}")


def _is_given(name: str) -> bool:
    context = click.get_current_context()
    return context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT

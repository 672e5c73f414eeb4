"""`bireid-deploy evaluate`."""

from pathlib import Path
from typing import Any

import click

from bireid_deploy.cli.console import emit_json, emit_table, message, progress
from bireid_deploy.cli.native_output import quiet_native_output

# Options that not every task understands.
_OF_TASKS = ("rerank", "average_precision", "save")


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Data set folder.")
@click.option("--layout", default="auto", show_default=True, help="Layout of the data set.")
@click.option("--backend", default="auto", show_default=True, help="Back end that runs a bundle.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
@click.option("--rerank", is_flag=True, help="Re-rank with k-reciprocal encoding.")
@click.option(
    "--average-precision",
    type=click.Choice(["non-interpolated", "trapezoid"]),
    default="non-interpolated",
    show_default=True,
    help="Definition of average precision.",
)
@click.option(
    "--save", type=click.Path(path_type=Path), help="Keep the embeddings (.npz or .jsonl)."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    model: Path,
    data: Path | None,
    layout: str,
    backend: str,
    threads: int,
    as_json: bool,
    **of_tasks: Any,
) -> None:
    """Measure MODEL on the test split of a data set: CMC, mAP and mINP, or what its task has.

    MODEL is a run directory, a bundle, a file that --save wrote (then --data is not needed),
    or the word `histogram` for the colour-histogram baseline. A classifier is measured by its top-1
    and top-5 accuracy.
    """
    from bireid_deploy import api
    from bireid_deploy.evaluation.embedding_file import require_writable

    if of_tasks["save"] is not None:
        require_writable(of_tasks["save"])
    with progress("evaluating") as on_progress:
        found = api.evaluate(
            model,
            data,
            layout=layout,
            backend=backend,
            threads=threads,
            options={name: of_tasks[name] for name in _OF_TASKS if _is_given(name)},
            on_progress=on_progress,
            quiet=quiet_native_output,
        )
    if of_tasks["save"] is not None:
        message(f"embeddings saved to {of_tasks['save']}")
    if as_json:
        emit_json(found.to_json())
        return
    rows, columns = found.report.rows, found.report.columns
    if len(rows) == 1:
        columns, rows = ("model", *columns), ((found.engine, *rows[0]),)
    emit_table(f"{found.model} on {found.report.data}", columns, rows)


def _is_given(name: str) -> bool:
    context = click.get_current_context()
    return context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT

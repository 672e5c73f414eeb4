"""`bireid-deploy compare`."""

from pathlib import Path

import click

from bireid_deploy.cli.console import emit_json, message, progress
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import ModelPath


@click.command()
@click.argument("models", nargs=-1, required=True, type=ModelPath())
@click.option("--data", type=click.Path(path_type=Path), help="Data set folder.")
@click.option("--layout", default="auto", show_default=True, help="Layout of the data set.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
@click.option("--no-times", is_flag=True, help="Leave out the milliseconds.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def command(
    models: tuple[Path, ...],
    data: Path | None,
    layout: str,
    threads: int,
    no_times: bool,
    as_json: bool,
) -> None:
    """Hold MODELS against the first one on the same test set: does 1-bit hurt?

    A model is a run, a bundle, a .onnx or .tflite file in a bundle, a file that `evaluate --save`
    wrote, or a baseline. Intervals are at 95 %, people (or what else belongs together) drawn with
    replacement; the difference is paired, so that it leaves out what is hard for both. "alike" is
    the share of queries for which a model finds the same image first as the first model. MB is the
    file, of a run its weights in float32; ms is the network alone, batch 1.
    """
    from bireid_deploy import api
    from bireid_deploy.cli.comparison_table import emit_comparison

    with progress("measuring") as on_progress:
        found = api.compare(
            models,
            data,
            layout=layout,
            threads=threads,
            timed=not no_times,
            on_measuring=lambda model: message(f"measuring {model}"),
            on_remark=message,
            on_progress=on_progress,
            quiet=quiet_native_output,
        )
    if as_json:
        emit_json(found.to_json())
        return
    emit_comparison(found)

"""`bireid-deploy report`."""

from pathlib import Path

import click

from bireid_deploy.cli.console import message, progress
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import ModelPath


@click.command()
@click.argument("model", type=ModelPath())
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Data set folder.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="HTML file.")
@click.option(
    "--run",
    type=click.Path(path_type=Path),
    help="Of a bundle, the run that it came from: shows where the network is active.",
)
@click.option("--layout", default="auto", show_default=True, help="Layout of the data set.")
@click.option("--backend", default="auto", show_default=True, help="Back end that runs a bundle.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
def command(
    model: Path,
    data: Path,
    out: Path,
    run: Path | None,
    layout: str,
    backend: str,
    threads: int,
) -> None:
    """Write what MODEL, a run or a bundle, finds on a test set as one HTML file.

    Ranked lists with right and wrong marked, the best and the worst queries, curves, cameras,
    people, where the network is active, provenance; of other tasks the scores. The file loads
    nothing from the network. It holds pictures of the test set: pass it on only if you may.
    """
    from bireid_deploy import api

    with progress("evaluating") as on_progress:
        api.report(
            model,
            data,
            out,
            run=run,
            layout=layout,
            backend=backend,
            threads=threads,
            on_remark=message,
            on_progress=on_progress,
            quiet=quiet_native_output,
        )
    message(f"{out.stat().st_size / 1e6:.2f} MB; it holds pictures of the test set")
    click.echo(str(out))

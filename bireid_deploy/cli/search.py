"""`bireid-deploy search`."""

from pathlib import Path

import click

from bireid_deploy.cli.console import emit_json, emit_table, message, progress
from bireid_deploy.cli.native_output import quiet_native_output


@click.command()
@click.argument("recipe", required=False)
@click.option("--data", type=click.Path(path_type=Path), help="Data set folder.")
@click.option("--layout", default="auto", show_default=True, help="Layout of the data set.")
@click.option("--out", type=click.Path(path_type=Path), help="Directory of the search.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the recipe."
)
@click.option(
    "--latency", type=click.Path(path_type=Path), help="Table of latencies, if they are weighed."
)
@click.option(
    "--controls",
    default=0,
    show_default=True,
    type=click.IntRange(0, 100),
    help="Random architectures of the found one's size to write.",
)
@click.option("--resume", is_flag=True, help="Continue an interrupted search.")
@click.option(
    "--measure-latency",
    "table",
    type=click.Path(path_type=Path),
    help="Only time the candidates in the native engine, into this file (.json).",
)
@click.option(
    "--threads", default=1, show_default=True, type=click.IntRange(1, 64), help="For measuring."
)
@click.option(
    "--rounds", default=20, show_default=True, type=click.IntRange(1), help="For measuring."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    recipe: str | None,
    data: Path | None,
    layout: str,
    out: Path | None,
    overrides: tuple[str, ...],
    latency: Path | None,
    controls: int,
    resume: bool,
    table: Path | None,
    threads: int,
    rounds: int,
    as_json: bool,
) -> None:
    """Search an architecture of CDNet as RECIPE says (its table [search]).

    OUT/found.toml is the recipe that `train` takes; pictures of the architecture and of alpha over
    time lie beside it. Ctrl-C saves a checkpoint; `search --resume --out OUT` continues from it to
    the same result.
    """
    if table is not None:
        _measure(recipe, table, overrides, threads, rounds, as_json)
        return
    given = {"RECIPE": recipe or resume, "--data": data or resume, "--out": out}
    if missing := next((name for name, value in given.items() if not value), None):
        raise click.UsageError(
            f"Missing {missing}. --resume takes recipe and data from the search."
        )
    assert out is not None
    from bireid_deploy import api
    from bireid_deploy.cli.training_progress import training_reporter

    result = api.search(
        recipe,
        data,
        out,
        overrides=overrides,
        layout=layout,
        latency=latency,
        controls=controls,
        resume=resume,
        reporting=lambda recipe: training_reporter(recipe, ("alpha_loss",)),
        decoding=lambda: progress("decoding"),
        on_skipped=lambda path, reason: message(f"skipped {path}: {reason}"),
        on_remark=message,
        quiet=quiet_native_output,
    )
    if as_json:
        emit_json(
            {
                "directory": str(result.directory),
                "architecture": result.architecture,
                "recipe": str(result.recipe),
                "controls": list(map(str, result.controls)),
                "pictures": list(map(str, result.pictures)),
                "expected_ms": result.expected_ms,
                "history": result.history,
            }
        )
        return
    click.echo(result.architecture)
    click.echo(str(result.recipe))


def _measure(
    recipe: str | None,
    table: Path,
    overrides: tuple[str, ...],
    threads: int,
    rounds: int,
    as_json: bool,
) -> None:
    if recipe is None:
        raise click.UsageError("Missing RECIPE, whose candidates are measured.")
    from bireid_deploy import api

    with progress("measuring") as on_progress:
        places = api.measure_latencies(
            recipe,
            table,
            overrides=overrides,
            threads=threads,
            rounds=rounds,
            on_progress=on_progress,
            quiet=quiet_native_output,
        )
    if as_json:
        emit_json({"table": str(table), "milliseconds": places})
        return
    rows = [(name, *(f"{place[name]:.3f}" for place in places)) for name in places[0]]
    headings = ("choice", *(f"place {number}" for number in range(1, len(places) + 1)))
    emit_table("milliseconds", headings, rows, 1)
    click.echo(str(table))

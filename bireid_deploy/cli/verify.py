"""`bireid-deploy verify`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bireid_deploy.cli.console import emit_json, emit_table, message
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import BundlePath

_STATES = {True: "ok", False: "FAILED", None: "skipped"}


@click.command()
@click.argument("bundle", type=BundlePath())
@click.option("--run", type=click.Path(path_type=Path), help="The training run it came from.")
@click.option("--data", type=click.Path(path_type=Path), help="Test set to measure all engines on.")
@click.option("--layout", default="auto", show_default=True, help="Layout of the data set.")
@click.option(
    "--explain", is_flag=True, help="With --run: show every layer, trained and converted."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(
    bundle: Path, run: Path | None, data: Path | None, layout: str, explain: bool, as_json: bool
) -> None:
    """Check BUNDLE: hashes, golden inputs on every engine, engines against each other.

    With --run also against the trained network, layer by layer; with --data the scores of every
    engine. An engine that is not installed is skipped. Exit code 3 when a check fails.
    """
    if explain and run is None:
        raise click.UsageError("--explain compares with the trained network: add --run RUN")
    from bireid_deploy import api

    with quiet_native_output() as terminal:
        found = api.verify(
            bundle, run=run, data=data, layout=layout, explain=explain, on_remark=terminal
        )
    if as_json:
        emit_json(found.to_json())
    else:
        rows = [(_STATES[each.passed], each.name, each.detail) for each in found.checks]
        emit_table(bundle.name, ("", "check", "found"), rows, text_columns=3)
        if found.layers:
            _emit_layers(found.layers)
    if found.failed:
        from bireid_converters.errors import ParityError

        raise ParityError(f"{bundle}: {found.failed[0].name}: {found.failed[0].detail}")
    skipped = sum(check.passed is None for check in found.checks)
    message(f"verified, {skipped} skipped" if skipped else "verified")


def _emit_layers(layers: Sequence[dict[str, Any]]) -> None:
    columns = ("layer", "file", "largest difference", "items that agree")
    rows = [
        (
            each["name"],
            each["format"],
            f"{each['max_difference']:.2g}",
            f"{each['agreeing_share']:.0%}",
        )
        for each in layers
    ]
    emit_table("Layers against Keras, from input to output", columns, rows)

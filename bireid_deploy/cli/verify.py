"""`bireid-deploy verify`."""

from pathlib import Path
from typing import Any

import click

from bireid_deploy.cli.console import emit_json, emit_table, message
from bireid_deploy.cli.native_output import load_tensorflow, quiet_native_output

_STATES = {True: "ok", False: "FAILED", None: "skipped"}


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--run", type=click.Path(path_type=Path), help="The training run it came from.")
@click.option("--data", type=click.Path(path_type=Path), help="Test set every engine must rank.")
@click.option("--layout", default="auto", show_default=True, help="Layout of the data set.")
@click.option(
    "--explain", is_flag=True, help="With --run: show every layer, trained and converted."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(
    bundle: Path, run: Path | None, data: Path | None, layout: str, explain: bool, as_json: bool
) -> None:
    """Check BUNDLE: hashes, golden crops on every engine, engines against each other.

    With --run also against the trained network, layer by layer; with --data the ranking of every
    engine. An engine that is not installed is skipped. Exit code 3 when a check fails.
    """
    if explain and run is None:
        raise click.UsageError("--explain compares with the trained network: add --run RUN")
    from bireid_deploy.data.layouts import open_dataset

    dataset = None if data is None else open_dataset(data, layout)
    load_tensorflow()
    from bireid_deploy.verification import Check, verify_bundle, verify_ranking

    layers: list[dict[str, Any]] = []
    with quiet_native_output():
        _require_sound_lce_file(bundle)
        checks: list[Check] = verify_bundle(bundle)
        trained = None
        if run is not None:
            from bireid_deploy.trained_run import open_run
            from bireid_deploy.verification import verify_against_run

            trained = open_run(run)
            against, layers = verify_against_run(bundle, trained, explain)
            checks += against
        if dataset is not None:
            checks += verify_ranking(bundle, trained, dataset)
    failed = [check for check in checks if check.passed is False]
    if as_json:
        emit_json(
            {"passed": not failed, "checks": [vars(check) for check in checks], "layers": layers}
        )
    else:
        rows = [(_STATES[each.passed], each.name, each.detail) for each in checks]
        emit_table(bundle.name, ("", "check", "found"), rows, text_columns=3)
        if layers:
            _emit_layers(layers)
    if failed:
        from bireid_converters.errors import ParityError

        raise ParityError(f"{bundle}: {failed[0].name}: {failed[0].detail}")
    skipped = sum(check.passed is None for check in checks)
    message(f"verified, {skipped} skipped" if skipped else "verified")


def _require_sound_lce_file(path: Path) -> None:
    """Read the LCE file with checked bounds: its interpreter checks none and would crash."""
    from bireid_converters.audit import audit_lce
    from bireid_runtime import Bundle
    from bireid_runtime.errors import UnsupportedModelError

    bundle = Bundle.open(path)
    if "lce" not in bundle.formats:
        return
    try:
        audit_lce(bundle.file("lce").read_bytes())
    except UnsupportedModelError as error:
        raise UnsupportedModelError(f"{bundle.file('lce')}: {error}") from error


def _emit_layers(layers: list[dict[str, Any]]) -> None:
    columns = ("layer", "file", "largest difference", "crops that agree")
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

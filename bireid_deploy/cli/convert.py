"""`bireid-deploy convert`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import click
from bireid_converters.formats import FORMATS
from bireid_runtime import Bundle

from bireid_deploy.cli.console import emit_json, message
from bireid_deploy.cli.made_bundle import file_sizes, say_files
from bireid_deploy.cli.native_output import quiet_native_output

_DEFAULTS = tuple(entry.name for entry in FORMATS if entry.default)
_FORMAT_HELP = f"File to write (repeatable; default {' and '.join(_DEFAULTS)}). " + " ".join(
    f"{entry.name}: {entry.help}." for entry in FORMATS
)
_CONFIGURATION_HELP = "Of a format that has several. " + " ".join(
    f"{entry.name}: {', '.join(entry.configurations)} (the first unless you choose)."
    for entry in FORMATS
    if entry.configurations
)


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Bundle folder.")
@click.option("--format", "formats", multiple=True, default=_DEFAULTS, help=_FORMAT_HELP)
@click.option("--configuration", metavar="NAME", help=_CONFIGURATION_HELP)
@click.option("--real", type=click.Path(path_type=Path), help="Run of the real-valued counterpart.")
@click.option(
    "--checkpoint",
    type=click.Choice(("last", "best")),
    default="last",
    show_default=True,
    help="Of RUN: the last one, or the best one of its validation.",
)
@click.option("--data", type=click.Path(path_type=Path), help="Test set to measure all engines on.")
@click.option("--layout", default="auto", show_default=True, help="Layout of the data set.")
@click.option("--name", help="Name of the network; default the recipe's.")
@click.option("--weights-licence", default="not stated", help="Licence of the weights.")
@click.option("--data-licence", default="not stated", help="Licence of the training data.")
@click.option("--no-verify", is_flag=True, help="Skip the parity gate.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON.")
def command(
    run: Path,
    out: Path,
    formats: tuple[str, ...],
    configuration: str | None,
    real: Path | None,
    checkpoint: Literal["last", "best"],
    data: Path | None,
    layout: str,
    name: str | None,
    weights_licence: str,
    data_licence: str,
    no_verify: bool,
    as_json: bool,
) -> None:
    """Convert a training RUN into a bundle, and refuse one that computes something else.

    Exit code 3 and the first diverging layer when the parity gate fails; nothing is written then.
    """
    from bireid_deploy import api

    counted: dict[str, Any] = {}

    def on_data(lines: Sequence[str], counts: Mapping[str, Any]) -> None:
        counted["data_set"] = dict(counts)
        for line in lines:
            terminal(line)

    with quiet_native_output() as terminal:
        bundle = api.convert(
            run,
            out,
            formats=formats,
            name=name,
            real=real,
            checkpoint=checkpoint,
            data=data,
            layout=layout,
            licences={"weights": weights_licence, "training_data": data_licence},
            configuration=configuration,
            verify=not no_verify,
            on_data=on_data,
            on_progress=terminal,
        )
    if as_json:
        emit_json(
            {
                "bundle": str(out),
                "fingerprint": bundle.fingerprint,
                "bytes": file_sizes(bundle),
                "parity": bundle.manifest["parity"],
                **({"reports": reports} if (reports := _reports(bundle)) else {}),
                "metrics": bundle.manifest["metrics"],
                **counted,
            }
        )
        return
    say_files(bundle)
    for file, report in _reports(bundle).items():
        message(f"{file}: {report['summary']}")
    message("parity gate skipped" if no_verify else "parity gate passed")
    for line in _measured(bundle):
        message(line)
    click.echo(str(out))


def _reports(bundle: Bundle) -> dict[str, Mapping[str, Any]]:
    """What compilers said of the files that they made, by the name of the file."""
    return {
        name: entry["report"]
        for name, entry in bundle.manifest["files"].items()
        if "report" in entry
    }


def _measured(bundle: Bundle) -> list[str]:
    """What every engine reached on the data that were given, a line each."""
    from bireid_deploy.models_at_hand import task_of_bundle

    headings = task_of_bundle(bundle).scores
    lines = []
    for record in bundle.manifest["metrics"]:
        scores = ", ".join(
            f"{heading} {100 * record[name]:.1f}"
            for name, heading in headings.items()
            if record.get(name) is not None
        )
        equal = record.get("agreeing_share")
        alike = "" if equal is None else f"; {equal:.0%} of outputs as the first"
        lines.append(f"{record['engine']} on {record['data']}: {scores}{alike}")
    return lines

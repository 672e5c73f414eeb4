"""`bireid-deploy calibrate`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bireid_deploy.cli.console import emit_json, emit_table, message, progress
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import BundlePath, GalleryLocation
from bireid_deploy.gallery_server.location import shown

if TYPE_CHECKING:
    from bireid_deploy.evaluation.calibration import ScoreCalibration
    from bireid_deploy.evaluation.error_rates import Rate


@click.command()
@click.argument("bundle", type=BundlePath())
@click.option("--data", required=True, type=click.Path(path_type=Path), help="People, as a folder.")
@click.option("--gallery", type=GalleryLocation(), help="Keep the table there instead.")
@click.option("--centre", is_flag=True, help="Of embeddings that are centred by camera.")
@click.option("--layout", default="auto", show_default=True, help="Layout of the data set.")
@click.option("--backend", default="auto", show_default=True, help="Back end that runs the bundle.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def command(
    bundle: Path,
    data: Path,
    gallery: Path | str | None,
    centre: bool,
    layout: str,
    backend: str,
    threads: int,
    as_json: bool,
) -> None:
    """Measure what scores of BUNDLE mean: thresholds, and how often they are wrong.

    The table goes into the bundle's manifest, or into --gallery. Rates that the data cannot support
    are refused one by one, with the reason. A gallery of `gallery create --centre` needs --centre:
    each camera of the data then loses its own mean and deviation first.
    """
    from bireid_deploy import api

    with progress("embedding") as on_progress:
        found = api.calibrate(
            bundle,
            data,
            gallery=gallery,
            centre=centre,
            layout=layout,
            backend=backend,
            threads=threads,
            on_remark=message,
            on_progress=on_progress,
            quiet=quiet_native_output,
        )
    for target, reason in found.scores.refused:
        message(f"no threshold for a false-match rate of {target:g}: {reason}")
    if as_json:
        emit_json(found.to_json())
        return
    _show(found.data, found.scores)
    click.echo(f"kept in {bundle if gallery is None else shown(gallery)}")


def _show(data: str, scores: "ScoreCalibration") -> None:
    click.echo(f"{data}: {scores.identities} people, {scores.images} images; other cameras only")
    emit_table(
        "An image against the mean of a person's",
        ["rate", "threshold", "false matches", "true matches"],
        [
            [f"{row.target:g}", f"{row.threshold:.3f}", _rate(row.fmr), _rate(row.tpr)]
            for row in scores.people
        ],
    )
    if scores.open_set:
        emit_table(
            "Strangers taken for people, people missed",
            ["people in the gallery", "threshold", "FPIR", "FNIR"],
            [
                [str(row.n), f"{row.threshold:.3f}", f"{row.fpir:.3f}", f"{row.fnir:.3f}"]
                for row in scores.open_set
            ],
        )
    rate, threshold = scores.equal_error
    click.echo(f"image against image: equal error rate {100 * rate:.1f} % at {threshold:.3f}")


def _rate(rate: "Rate") -> str:
    return f"{rate.value:.2g} ({rate.low:.2g} to {rate.high:.2g})"

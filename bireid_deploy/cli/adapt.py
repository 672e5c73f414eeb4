"""`bireid-deploy adapt`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bireid_deploy.adaptation.crops import AUTO, DEFAULT_LEAST
from bireid_deploy.adaptation.plan import LEVELS
from bireid_deploy.cli.console import emit_json, emit_table, message, progress
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import GalleryLocation, ModelPath

if TYPE_CHECKING:
    from bireid_deploy.adaptation.consistency import Consistency

_LEVEL_HELP = (
    "Levels, comma-separated, applied in this order: "
    + "; ".join(f"{name}: {what}" for name, what in LEVELS.items())
    + ". Default norm,camera for a run, camera for a bundle."
)


@click.command()
@click.argument("model", type=ModelPath())
@click.option(
    "--crops",
    required=True,
    type=GalleryLocation(),
    help="Folder of unlabelled crops; or a gallery, a file or postgresql://..., for the thumbnails "
    "of its entries.",
)
@click.option(
    "--cameras",
    default=AUTO,
    show_default=True,
    help="auto: a folder per camera, or names like 0002_c1s1_000451_03.jpg; or a CSV file of "
    "path,camera.",
)
@click.option("--level", "levels", help=_LEVEL_HELP)
@click.option(
    "--per",
    type=click.Choice(("camera", "all")),
    default="camera",
    show_default=True,
    help="Whose batch normalisation the level norm estimates.",
)
@click.option(
    "--centring",
    type=click.Choice(("mean", "mean-and-deviation")),
    default="mean",
    show_default=True,
    help="What the level camera takes out of embeddings.",
)
@click.option(
    "--least",
    default=DEFAULT_LEAST,
    show_default=True,
    type=click.IntRange(2),
    help="Crops that every camera must have.",
)
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Bundle folder; for cluster alone or norm --per all, run folder.",
)
@click.option(
    "--run",
    "run_out",
    type=click.Path(path_type=Path),
    help="Where cluster leaves its run if the result is a bundle; default OUT-run.",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a setting of cluster, such as clustering.radius or optimizer.epochs.",
)
@click.option("--resume", is_flag=True, help="Continue an interrupted cluster.")
@click.option("--format", "formats", multiple=True, help="File of the bundle (repeatable).")
@click.option("--name", help="Name of the network in the bundle.")
@click.option("--weights-licence", default="not stated", help="Licence of the weights.")
@click.option("--data-licence", default="not stated", help="Licence of the training data.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def command(
    model: Path,
    crops: Path | str,
    cameras: str,
    levels: str | None,
    per: str,
    centring: str,
    least: int,
    out: Path,
    run_out: Path | None,
    overrides: tuple[str, ...],
    resume: bool,
    formats: tuple[str, ...],
    name: str | None,
    weights_licence: str,
    data_licence: str,
    as_json: bool,
) -> None:
    """Adapt MODEL, a run or a bundle, to cameras by crops that nobody labelled.

    Whoever is on the crops need not be known, and what names say of people is not read. Ctrl-C
    during cluster saves a checkpoint; --resume continues from it to the same result.
    """
    from bireid_deploy import api
    from bireid_deploy.adaptation.clustering.progress import SHOWN
    from bireid_deploy.cli.training_progress import training_reporter
    from bireid_deploy.data.folders import say_left_out

    found = api.adapt(
        model,
        crops,
        out,
        cameras=cameras,
        levels=None if levels is None else [each.strip() for each in levels.split(",")],
        per=per,
        centring=centring,
        least=least,
        run_out=run_out,
        overrides=overrides,
        resume=resume,
        formats=formats or None,
        name=name,
        licences={"weights": weights_licence, "training_data": data_licence},
        reporting=lambda recipe: training_reporter(recipe, SHOWN),
        decoding=lambda: progress("decoding"),
        say=message,
        quiet=quiet_native_output,
    )
    for line in say_left_out(found.ignored):
        message(line)
    for line in found.advice:
        message(line)
    if as_json:
        emit_json(found.to_json())
        return
    _show_consistency(found.before, found.after)
    for camera, count in found.crops.items():
        message(f"{camera}: {count} crops")
    click.echo(str(out))


def _show_consistency(before: "Consistency | None", after: "Consistency | None") -> None:
    if before is None or after is None:
        return
    rows = [
        (heading, f"{getattr(before, key):.3f}", f"{getattr(after, key):.3f}")
        for key, heading in (
            ("mutual", "mutual nearest neighbours across cameras"),
            ("symmetry", "mean 1 / rank, seen from the neighbour"),
            ("bridged", "crops nearest, mutually, to another camera's"),
            ("mixing", "other cameras among 10 neighbours, 1 = by chance"),
        )
    ]
    emit_table("Without labels: more is better", ("", "before", "after"), rows)

"""`bireid-deploy who`."""

import time
from dataclasses import asdict
from pathlib import Path

import click

from bireid_deploy.cli.console import emit_json, emit_table, message, progress
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import BundlePath


@click.command()
@click.argument("bundle", type=BundlePath())
@click.option("--out", default="who", type=click.Path(path_type=Path), help="Working folder.")
@click.option("--detector", type=BundlePath(), help="Bundle that finds people.")
@click.option("--same", default=0.7, show_default=True, help="Score from which on it is the same.")
@click.option(
    "--people", default=8, show_default=True, type=click.IntRange(1, 1000), help="People."
)
@click.option("--cameras", default=2, show_default=True, type=click.IntRange(1, 9), help="Cameras.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Of the scene.")
@click.option("--backend", default="auto", show_default=True, help="Back end that runs bundles.")
@click.option(
    "--threads", default=1, show_default=True, type=click.IntRange(1, 64), help="Threads."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    bundle: Path,
    out: Path,
    detector: Path | None,
    same: float,
    people: int,
    cameras: int,
    seed: int,
    backend: str,
    threads: int,
    as_json: bool,
) -> None:
    """Render a scene of several cameras and say with BUNDLE who is who in it.

    Rendered people pass one camera after the other; nobody knows them before. It ends with scores
    against the truth, and a page of people, cameras and times. Without --detector the boxes are
    those of the truth.
    """
    from bireid_deploy import api

    began = time.perf_counter()
    with progress("frames") as on_progress:
        result = api.who(
            bundle,
            out,
            detector=detector,
            same=same,
            people=people,
            cameras=cameras,
            seed=seed,
            backend=backend,
            threads=threads,
            on_stage=message,
            on_progress=on_progress,
            quiet=quiet_native_output,
        )
    scores, seconds = result.scores, time.perf_counter() - began
    if as_json:
        emit_json(
            {
                "boxes": result.boxes,
                "people": people,
                "people_of_the_gallery": result.people,
                "sightings": result.report.sightings,
                "found": scores.found,
                "pairs": scores.pairs,
                "joined": scores.joined,
                "scores": {name: asdict(each) for name, each in scores.cameras.items()}
                | {"all": asdict(scores.joint)},
                "page": str(result.page),
                "fps": result.report.fps,
                "seconds": seconds,
            }
        )
        return
    rows = [
        (
            name,
            *(f"{100 * value:.1f}" for value in (each.mota, each.idf1, each.hota)),
            str(each.switches),
        )
        for name, each in [*scores.cameras.items(), ("all, by people", scores.joint)]
    ]
    emit_table(
        f"{people} rendered people, {cameras} cameras, boxes: {result.boxes}",
        ("camera", "MOTA", "IDF1", "HOTA", "switches"),
        rows,
    )
    click.echo(
        f"found again at another camera: {scores.found} of {scores.pairs}; "
        f"two people taken for one: {scores.joined}"
    )
    click.echo(f"{result.people} people in {result.gallery}, {result.report.sightings} sightings")
    message(f"{result.report.fps:.0f} frames per second; {seconds:.0f} s in all")
    click.echo(str(result.page))

"""`bireid-deploy detect`."""

from pathlib import Path

import click
from bireid_runtime.files import require_makeable

from bireid_deploy.cli.broken import say_skipped, skip_broken_option
from bireid_deploy.cli.console import emit_json, message, progress
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import BundlePath


@click.command()
@click.argument("bundle", type=BundlePath())
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="JSON file.")
@click.option("--draw", type=click.Path(path_type=Path), help="Folder for images with boxes.")
@click.option("--score", type=click.FloatRange(0, 1), help="Least score.  [default: the bundle's]")
@click.option("--backend", default="auto", show_default=True, help="Back end that runs the bundle.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
@skip_broken_option
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(
    bundle: Path,
    inputs: tuple[Path, ...],
    out: Path,
    draw: Path | None,
    score: float | None,
    backend: str,
    threads: int,
    skip_broken: bool,
    as_json: bool,
) -> None:
    """Find things in INPUTS (images, or folders of images) with BUNDLE.

    The output is in the format of COCO's results, with the names of images and classes.
    """
    from bireid_deploy import api
    from bireid_deploy.data.folders import count_left_out, say_left_out
    from bireid_deploy.data.output_file import require_file_place

    require_file_place(out)
    if draw is not None:
        require_makeable(draw)
    with progress("detecting") as on_progress:
        found = api.detect(
            bundle,
            inputs,
            score_threshold=score,
            backend=backend,
            threads=threads,
            skip_broken=skip_broken,
            on_progress=on_progress,
            quiet=quiet_native_output,
        )
    for line in say_left_out(found.left_out):
        message(line)
    found.save(out)
    skipped = say_skipped(found.skipped, out)
    if draw is not None:
        message(f"{len(found.draw(draw))} images with boxes in {draw}")
    count = sum(map(len, found.found))
    if as_json:
        emit_json(
            {
                "file": str(out),
                "images": len(found.images),
                "boxes": count,
                "classes": list(found.classes),
                "skipped": skipped,
                "left_out": count_left_out(found.left_out),
                "backend": found.backend,
                "fingerprint": found.fingerprint,
            }
        )
    else:
        click.echo(f"{out}: {count} boxes in {len(found.images)} images")

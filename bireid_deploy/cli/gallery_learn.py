"""`bireid-deploy gallery learn`."""

from pathlib import Path

import click

from bireid_deploy.cli.console import emit_json, message, progress
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import BundlePath, GalleryLocation


@click.command()
@click.argument("gallery", type=GalleryLocation())
@click.argument("bundle", type=BundlePath())
@click.argument("crops", type=click.Path(path_type=Path))
@click.option(
    "--cameras",
    default="auto",
    show_default=True,
    help="auto (a folder per camera, or names like Market-1501's), or a CSV file of path,camera.",
)
@click.option(
    "--least", default=200, show_default=True, type=click.IntRange(2), help="Crops per camera."
)
@click.option("--backend", default="auto", show_default=True, help="Back end that runs the bundle.")
@click.option(
    "--threads", default=1, show_default=True, type=click.IntRange(1, 64), help="Threads."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def learn(
    gallery: Path | str,
    bundle: Path,
    crops: Path,
    cameras: str,
    least: int,
    backend: str,
    threads: int,
    as_json: bool,
) -> None:
    """Learn from CROPS, which nobody labelled, what each camera does to embeddings of BUNDLE.

    GALLERY keeps a mean and a deviation per camera, which `--centre` of `watch`, `add` and `search`
    takes out. Give each crop once: what is given again counts again. No crop becomes an entry. A
    camera that centred entries of GALLERY come from learns no more.
    """
    from bireid_deploy import api

    with progress("embedding") as on_progress:
        counts = api.learn_cameras(
            gallery,
            bundle,
            crops,
            cameras=cameras,
            least=least,
            backend=backend,
            threads=threads,
            on_remark=message,
            on_progress=on_progress,
            quiet=quiet_native_output,
        )
    if as_json:
        emit_json({"cameras": counts})
        return
    for name, count in counts.items():
        click.echo(f"{gallery}: camera {name}, learned from {count} crops")

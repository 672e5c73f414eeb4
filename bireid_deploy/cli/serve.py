"""`bireid-deploy serve`."""

from pathlib import Path
from typing import Any

import click

from bireid_deploy.cli.console import message
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import BundlePath


@click.command()
@click.argument("galleries", nargs=-1, required=True, metavar="GALLERY...")
@click.option("--reid", "bundle", required=True, type=BundlePath(), help="The bundle that embeds.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: a free one."
)
@click.option(
    "--api-key-file",
    type=click.Path(path_type=Path),
    help="File with the key that requests must carry; a must for other addresses than loopback.",
)
@click.option(
    "--max-bytes", default=8 * 2**20, show_default=True, type=click.IntRange(1), help="Of a body."
)
@click.option(
    "--max-pixels", default=25_000_000, show_default=True, type=click.IntRange(1), help="Of images."
)
@click.option(
    "--fpir",
    default=0.01,
    show_default=True,
    type=float,
    help="Share of strangers to be taken for anybody of a gallery.",
)
@click.option("--keep-crops", is_flag=True, help="Keep a small JPEG of what is enrolled.")
@click.option("--backend", default="auto", show_default=True, help="Back end that runs the bundle.")
@click.option(
    "--threads", default=1, show_default=True, type=click.IntRange(1, 64), help="Threads."
)
def command(galleries: tuple[str, ...], bundle: Path, **options: Any) -> None:
    """Answer over HTTP who is on an image, from each GALLERY: a file, or NAME=FILE.

    The address, opened in a browser, is a page to search and enrol. Only this machine is answered
    unless there is a key. Embeddings are kept, pictures are not, without --keep-crops.
    SIGTERM and Ctrl-C finish the requests in work, then end it with exit code 0.
    """
    from bireid_deploy import api

    api.serve(
        galleries,
        bundle,
        on_ready=lambda address: message(f"listening on {address}"),
        quiet=quiet_native_output,
        **options,
    )

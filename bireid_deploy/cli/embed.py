"""`bireid-deploy embed`."""

from pathlib import Path

import click

from bireid_deploy.cli.broken import say_skipped, skip_broken_option
from bireid_deploy.cli.console import emit_json, message, progress
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import BundlePath


@click.command()
@click.argument("bundle", type=BundlePath())
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="File, .npz or .jsonl."
)
@click.option("--backend", default="auto", show_default=True, help="Back end that runs the bundle.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
@click.option("--camera", help="Whose crops they are, if BUNDLE is adapted to cameras.")
@skip_broken_option
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(
    bundle: Path,
    inputs: tuple[Path, ...],
    out: Path,
    backend: str,
    threads: int,
    camera: str | None,
    skip_broken: bool,
    as_json: bool,
) -> None:
    """Embed INPUTS (images, or folders of images) with BUNDLE.

    The output keeps the bundle's fingerprint, so that embeddings of two networks are never mixed;
    those of all cameras of one bundle may be. An image that cannot be read ends the command with
    exit code 2 and nothing written; with --skip-broken it is passed over.
    """
    from bireid_deploy import api
    from bireid_deploy.data.folders import count_left_out, say_left_out
    from bireid_deploy.evaluation.embedding_file import require_writable

    require_writable(out)
    with progress("embedding") as on_progress:
        embeddings = api.embed(
            bundle,
            inputs,
            backend=backend,
            threads=threads,
            camera=camera,
            skip_broken=skip_broken,
            on_progress=on_progress,
            quiet=quiet_native_output,
        )
    for line in say_left_out(embeddings.left_out):
        message(line)
    embeddings.save(out)
    skipped = say_skipped(embeddings.skipped, out)
    count, dim = embeddings.vectors.shape
    if as_json:
        emit_json(
            {
                "file": str(out),
                "images": count,
                "left_out": count_left_out(embeddings.left_out),
                "skipped": skipped,
                "dim": dim,
                "backend": embeddings.backend,
                "fingerprint": embeddings.fingerprint,
            }
        )
    else:
        click.echo(f"{out}: {count} embeddings of {dim} numbers")

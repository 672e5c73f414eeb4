"""`bireid-deploy embed`."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from bireid_deploy.cli.broken import say_skipped, skip_broken_option
from bireid_deploy.cli.console import emit_json, message, progress
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import BundlePath


@click.command()
@click.argument("bundle", type=BundlePath())
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="File, .npz or .jsonl.")
@click.option("--backend", default="auto", show_default=True, help="Back end that runs the bundle.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
@click.option("--camera", help="Whose crops they are, if BUNDLE is adapted to cameras.")
@skip_broken_option
@click.option("--shards", type=click.Path(path_type=Path), help="Folder of the parts of a job.")
@click.option("--shard", "part", metavar="I/N", help="Do only the I-th of N parts, from 0 on.")
@click.option("--engine", help="What does the shards: here, or ray for a Ray cluster.")
@click.option(
    "--shard-size",
    default=512,
    show_default=True,
    type=click.IntRange(1),
    help="Images of a shard.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(
    bundle: Path,
    inputs: tuple[Path, ...],
    out: Path | None,
    backend: str,
    threads: int,
    camera: str | None,
    skip_broken: bool,
    shards: Path | None,
    part: str | None,
    engine: str | None,
    shard_size: int,
    as_json: bool,
) -> None:
    """Embed INPUTS (images, or folders of images) with BUNDLE.

    The output keeps the bundle's fingerprint, so that embeddings of two networks are never mixed;
    those of all cameras of one bundle may be. An image that cannot be read ends the command with
    exit code 2 and nothing written; with --skip-broken it is passed over.

    With --shards the work is cut into files that other processes, on other machines, may do with
    --shard I/N; without --shard the command does what is missing and writes the output. Killed, it
    goes on where it was.
    """
    from bireid_deploy import api
    from bireid_deploy.data.folders import count_left_out, say_left_out
    from bireid_deploy.evaluation.embedding_file import NamedEmbeddings, require_writable

    if part is not None and (shards is None or out is not None):
        raise click.UsageError("--shard needs --shards, and takes no --out")
    if engine is not None and shards is None:
        raise click.UsageError("--engine needs --shards, a folder that all its machines see")
    if part is None and out is None:
        raise click.UsageError("give --out, or --shards with --shard")
    if out is not None:
        require_writable(out)
    embed: Callable[..., NamedEmbeddings | None] = api.embed
    if shards is not None:
        given: dict[str, Any] = {} if engine is None else {"engine_name": engine}
        embed = partial(api.embed_shards, shards=shards, part=part, shard_size=shard_size, **given)
    with progress("embedding") as on_progress:
        embeddings = embed(
            bundle,
            inputs,
            backend=backend,
            threads=threads,
            camera=camera,
            skip_broken=skip_broken,
            on_progress=on_progress,
            quiet=quiet_native_output,
        )
    if embeddings is None or out is None:
        _say_part(shards, part, as_json)
        return
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


def _say_part(shards: Path | None, part: str | None, as_json: bool) -> None:
    if as_json:
        emit_json({"shards": str(shards), "part": part})
    else:
        click.echo(f"{shards}: part {part} is done")

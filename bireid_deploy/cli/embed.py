"""`bireid-deploy embed`."""

from itertools import islice
from pathlib import Path

import click

from bireid_deploy.cli.console import emit_json, progress
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.output_file import check_output_file


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="File, .npz or .jsonl."
)
@click.option("--backend", default="auto", show_default=True, help="Back end that runs the bundle.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(
    bundle: Path, inputs: tuple[Path, ...], out: Path, backend: str, threads: int, as_json: bool
) -> None:
    """Embed INPUTS (images, or folders of images) with BUNDLE.

    The output keeps the bundle's fingerprint, so that embeddings of two networks are never mixed.
    """
    import numpy as np
    from bireid_runtime import Extractor

    from bireid_deploy.embedding_files import OUTPUT_SUFFIXES, NamedEmbeddings, find_images

    check_output_file(out, OUTPUT_SUFFIXES)
    images = find_images(inputs)
    with quiet_native_output():
        extractor = Extractor.open(bundle, backend=backend, threads=threads)
    rows: list[np.ndarray] = []
    with progress("embedding") as on_progress:
        stream = extractor.embed_stream(images)
        while chunk := list(islice(stream, 16)):
            rows.extend(chunk)
            on_progress(len(rows), len(images))
    names = tuple(str(path) for path in images)
    NamedEmbeddings(np.stack(rows), names, extractor.fingerprint).save(out)
    if as_json:
        emit_json(
            {
                "file": str(out),
                "images": len(images),
                "dim": extractor.embedding_dim,
                "backend": extractor.backend,
                "fingerprint": extractor.fingerprint,
            }
        )
    else:
        click.echo(f"{out}: {len(images)} embeddings of {extractor.embedding_dim} numbers")

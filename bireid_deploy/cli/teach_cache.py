"""`bireid-deploy teach-cache`."""

from collections.abc import Sequence
from pathlib import Path

import click

from bireid_deploy.cli.checkpoint_options import checkpoint_options
from bireid_deploy.cli.console import emit_json, message, progress
from bireid_deploy.cli.image_options import image_options
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import ModelPath
from bireid_deploy.data.resizes import preprocess_fields


@click.command()
@click.argument("teacher", type=ModelPath())
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Data set folder.")
@click.option("--layout", default="auto", show_default=True, help="Layout of the data set.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="File, .npz.")
@click.option("--backend", default="auto", show_default=True, help="Back end that runs a bundle.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
@checkpoint_options
@image_options
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(
    teacher: Path,
    data: Path,
    layout: str,
    out: Path,
    backend: str,
    threads: int,
    family: str | None,
    last_stride: int | None,
    config: Path | None,
    size: tuple[int, int] | None,
    resize: str | None,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
    as_json: bool,
) -> None:
    """Keep what TEACHER says of every training image, for `train --teacher FILE`.

    TEACHER is a run, a bundle (also of an imported network), a checkpoint of PyTorch that `import`
    knows, or an .npz of names and features that your own code wrote. The file holds two embeddings
    per image, one of its mirror image, and of a checkpoint with a classifier its logits. Ctrl-C
    keeps what is done beside it, and the same command goes on. The options from --arch to --std
    are of a checkpoint alone.
    """
    from bireid_deploy import api

    def on_said(lines: Sequence[str]) -> None:
        for line in lines:
            message(line)

    with progress("asking the teacher") as on_progress:
        made = api.teach_cache(
            teacher,
            data,
            out,
            layout=layout,
            backend=backend,
            threads=threads,
            family=family,
            size=size,
            last_stride=last_stride,
            preprocess=preprocess_fields(resize, mean, std),
            config=config,
            on_progress=on_progress,
            on_said=on_said,
            quiet=quiet_native_output,
        )
    for path, reason in made.skipped:
        message(f"skipped {path}: {reason}")
    if as_json:
        emit_json(
            {
                "cache": str(made.path),
                "teacher": made.teacher,
                "images": made.images,
                "dim": made.dim,
                "classes": made.classes,
                "skipped": [str(path) for path, _ in made.skipped],
            }
        )
        return
    classes = "" if made.classes is None else f", logits of {made.classes} classes"
    name, _, digest = made.teacher.rpartition(" ")
    message(f"{made.images} images, {made.dim} numbers each{classes}, of {name} ({digest[:19]})")
    click.echo(str(out))

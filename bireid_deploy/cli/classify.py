"""`bireid-deploy classify`."""

from pathlib import Path

import click

from bireid_deploy.cli.broken import say_skipped, skip_broken_option
from bireid_deploy.cli.console import emit_json, emit_table, message, progress
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import BundlePath

_NAME_WIDTH = 40


@click.command()
@click.argument("bundle", type=BundlePath())
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="JSON file for all of it.")
@click.option("--top", default=5, show_default=True, type=click.IntRange(1), help="Classes named.")
@click.option("--backend", default="auto", show_default=True, help="Back end that runs the bundle.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
@skip_broken_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    bundle: Path,
    files: tuple[Path, ...],
    out: Path | None,
    top: int,
    backend: str,
    threads: int,
    skip_broken: bool,
    as_json: bool,
) -> None:
    """Name the classes of FILES with BUNDLE.

    FILES are what the bundle takes, or folders of that: images, or point clouds (.npy, .ply, .h5).
    """
    from bireid_deploy import api
    from bireid_deploy.data.folders import say_left_out
    from bireid_deploy.data.output_file import require_file_place

    if out is not None:
        require_file_place(out)
    with progress("classifying") as on_progress:
        found = api.classify(
            bundle,
            files,
            top=top,
            backend=backend,
            threads=threads,
            skip_broken=skip_broken,
            on_progress=on_progress,
            quiet=quiet_native_output,
        )
    for line in say_left_out(found.left_out):
        message(line)
    if out is not None:
        found.save(out)
        message(f"{len(found.items)} items in {out}")
    say_skipped(found.skipped, out)
    if as_json:
        emit_json(found.to_json())
    elif out is None:
        rows = [
            (
                _shortened(str(each.file), each.number),
                each.predictions[0].name,
                f"{100 * each.predictions[0].probability:.1f}",
            )
            for each in found.items
        ]
        emit_table(f"classes by {bundle.name}", ("file", "class", "%"), rows, text_columns=2)


def _shortened(name: str, number: int | None) -> str:
    text = name if number is None else f"{name} #{number}"
    return text if len(text) <= _NAME_WIDTH else f"...{text[3 - _NAME_WIDTH :]}"

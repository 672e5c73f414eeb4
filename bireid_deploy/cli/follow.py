"""`bireid-deploy follow`."""

from pathlib import Path

import click
from bireid_runtime.files import require_makeable

from bireid_deploy.cli.console import emit_json, message, progress
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import BundlePath


class _Box(click.ParamType):
    """Four numbers between commas."""

    name = "x,y,w,h"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        try:
            sides = tuple(float(each) for each in str(value).split(","))
        except ValueError:
            sides = ()
        if len(sides) != 4:
            self.fail(f"{value!r} is not four numbers: x,y,width,height", param, ctx)
        return sides


@click.command()
@click.argument("bundle", type=BundlePath())
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--box", required=True, type=_Box(), help="The target in the first frame, pixels.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="File of boxes.")
@click.option("--draw", type=click.Path(path_type=Path), help="GIF or folder for drawn frames.")
@click.option("--backend", default="auto", show_default=True, help="Back end that runs the bundle.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(
    bundle: Path,
    source: Path,
    box: tuple[float, ...],
    out: Path,
    draw: Path | None,
    backend: str,
    threads: int,
    as_json: bool,
) -> None:
    """Follow one target through SOURCE with BUNDLE, from where --box says it is.

    SOURCE is a folder of frames or a video file. --box is left, top, width and height; 0 is the
    edge of the frame. The output is JSON, or lines as OTB has them if its name ends in .txt, where
    1 is the first pixel. A frame that cannot be decoded ends it, and so does Ctrl-C; what was found
    until then is written.
    """
    from bireid_deploy import api
    from bireid_deploy.data.folders import count_left_out, say_left_out
    from bireid_deploy.data.output_file import require_file_place

    require_file_place(out)
    if draw is not None:
        require_file_place(draw) if draw.suffix.lower() == ".gif" else require_makeable(draw)
    with progress("following") as on_progress:
        followed = api.follow(
            bundle,
            source,
            box,
            draw=draw,
            backend=backend,
            threads=threads,
            on_progress=on_progress,
            quiet=quiet_native_output,
        )
    for line in say_left_out(followed.left_out):
        message(line)
    followed.save(out)
    if followed.ended is not None:
        message(f"ended after frame {followed.frames[-1]}: {followed.ended}")
    if draw is not None:
        message(f"{len(followed.frames)} frames with the box in {draw}")
    lowest = min(each.score for each in followed.found)
    if as_json:
        emit_json(
            {
                "file": str(out),
                "frames": len(followed.frames),
                "lowest_score": lowest,
                "ended": followed.ended,
                "left_out": count_left_out(followed.left_out),
                "backend": followed.backend,
                "fingerprint": followed.fingerprint,
            }
        )
    else:
        click.echo(f"{out}: {len(followed.frames)} frames, lowest score {lowest:.2f}")
    if followed.interrupted:
        raise KeyboardInterrupt

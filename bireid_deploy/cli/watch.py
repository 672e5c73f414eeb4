"""`bireid-deploy watch`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bireid_deploy.cli.console import emit_json, message, progress
from bireid_deploy.cli.moment import Moment
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import BundlePath, GalleryLocation

if TYPE_CHECKING:
    from bireid_deploy.api.watching import WatchReport


@click.command()
@click.argument("videos", nargs=-1, required=True, metavar="[NAME=]VIDEO...")
@click.option("--reid", required=True, type=BundlePath(), help="Bundle with embeddings.")
@click.option("--gallery", required=True, type=GalleryLocation(), help="Gallery of that bundle.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder to make.")
@click.option("--detector", type=BundlePath(), help="Bundle, or .onnx file, that finds people.")
@click.option(
    "--boxes",
    multiple=True,
    metavar="[NAME=]FILE",
    help="Boxes of MOTChallenge instead, per camera.",
)
@click.option("--class", "class_name", help="Of the detector's classes; person, or the only one.")
@click.option("--same", type=float, help="Score from which on it is the same person.")
@click.option("--different", type=float, help="Score below which it is another one.")
@click.option("--fmr", type=float, help="False-match rate to allow, of two people compared.")
@click.option("--fpir", type=float, help="Share of strangers to be taken for anybody in GALLERY.")
@click.option("--fps", default=25.0, show_default=True, help="Frames per second of folders.")
@click.option("--start", type=Moment(), help="Time of the first frames; that of the oldest file.")
@click.option("--crops", "keep_crops", is_flag=True, help="Write the best crop of each track.")
@click.option("--draw", type=click.Choice(["mp4", "gif"]), help="Draw videos with boxes and names.")
@click.option("--read-only", is_flag=True, help="Add nothing to GALLERY.")
@click.option("--centre", is_flag=True, help="Take out what GALLERY learned of each camera.")
@click.option("--resume", is_flag=True, help="Go on where an earlier call stopped.")
@click.option("--backend", default="auto", show_default=True, help="Back end that runs bundles.")
@click.option(
    "--threads", default=1, show_default=True, type=click.IntRange(1, 64), help="Threads."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    videos: tuple[str, ...],
    boxes: tuple[str, ...],
    detector: Path | None,
    class_name: str | None,
    same: float | None,
    different: float | None,
    fmr: float | None,
    fpir: float | None,
    read_only: bool,
    centre: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Say who of GALLERY was seen where and when in VIDEO, folders of frames or video files.

    VIDEO may also be the address of a live camera, rtsp://... or http://..., which is watched until
    Ctrl-C or SIGTERM.

    People are found, followed, and compared with the gallery once they have left. Strangers become
    new people of it, so that they are known again. Cameras are called NAME, or as their files.

    It writes sightings.jsonl and, per camera, NAME.txt with boxes as MOTChallenge has them.
    """
    from bireid_runtime.watching import Thresholds, Watching

    from bireid_deploy import api

    if (detector is None) == (not boxes):
        raise click.UsageError("give --detector or --boxes")
    if different is not None and same is None:
        raise click.UsageError("--different needs --same")
    if sum(each is not None for each in (same, fmr, fpir)) != 1:
        raise click.UsageError("give one of --same, --fmr and --fpir")
    cameras = _named(videos, None)
    with progress("watching") as on_progress:
        report = api.watch(
            cameras,
            thresholds=Thresholds(same, different, fmr, fpir),
            detector=detector,
            boxes=_named(boxes, list(cameras)),
            options=Watching(remember=not read_only, class_name=class_name, centre=centre),
            on_remark=message,
            on_progress=on_progress,
            quiet=quiet_native_output,
            **options,
        )
    _say_faults(report)
    _say(report, as_json)


def _say_faults(report: "WatchReport") -> None:
    """What went wrong on the way, a line each."""
    for camera, reason in report.gone.items():
        message(f"{camera}: ended before its end, {reason}")
    for camera, count in report.broken.items():
        if count:
            message(f"{camera}: {count} frames cannot be decoded and were left out")
    for camera, count in report.dropped.items():
        if count:
            message(f"{camera}: {count} frames came faster than they were taken and were dropped")
    for camera, count in report.lost.items():
        if count:
            message(f"{camera}: went away {count} times and was asked again")
    if report.refused:
        message(f"{report.refused} boxes started no track: too many were open")
    if report.unrated:
        message(
            f"{report.unrated} sightings are undecided: so many people need a lower false-match "
            "rate than the calibration shows; calibrate on more people, or give --fmr or --same"
        )


def _named(given: tuple[str, ...], cameras: list[str] | None) -> dict[str, Path | str]:
    """Paths and addresses by the names before them; a camera's own is that of its file."""
    from bireid_deploy.data.live_frames import is_live

    named: dict[str, Path | str] = {}
    for text in given:
        name, separator, path = text.partition("=")
        # An address may have a = of its own.
        if not separator or is_live(text):
            path = text
            if cameras is None:
                name = Path(text).stem
            elif len(cameras) == 1:
                name = cameras[0]
            else:
                raise click.UsageError(f"--boxes {text}: say of which camera: NAME={text}")
        if name in named:
            raise click.UsageError(f"two are called {name!r}: give NAME=PATH")
        named[name] = path if is_live(path) else Path(path)
    return named


def _say(report: "WatchReport", as_json: bool) -> None:
    frames = sum(report.frames.values())
    if as_json:
        emit_json({**report.__dict__, "out": str(report.out)})
        return
    click.echo(
        f"{report.out}: {frames} frames of {len(report.frames)} cameras, "
        f"{report.sightings} sightings"
    )
    if report.drawn:
        click.echo(f"drawn: {', '.join(report.drawn)}")
    click.echo(f"{report.seconds:.1f} s, {report.fps:.1f} frames per second")

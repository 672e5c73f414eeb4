"""`bireid-deploy gallery search`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bireid_deploy.cli.broken import gallery_skip_broken_option, say_skipped
from bireid_deploy.cli.console import emit_json, emit_table, message
from bireid_deploy.cli.moment import Moment, shown
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import BundlePath, GalleryLocation

if TYPE_CHECKING:
    from bireid_runtime.gallery import Hit, Match


@click.command()
@click.argument("gallery", type=GalleryLocation())
@click.argument("bundle", type=BundlePath())
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--top", default=10, show_default=True, type=click.IntRange(1, 65536), help="Hits.")
@click.option("--camera", "cameras", multiple=True, help="Only entries of it; may be repeated.")
@click.option("--since", type=Moment(), help="Only entries from then on.")
@click.option("--until", type=Moment(), help="Only entries of before then.")
@click.option("--enrolled", is_flag=True, help="Only entries of people, no sightings.")
@click.option("--all-entries", is_flag=True, help="Not only the best entry of each person.")
@click.option("--exact", is_flag=True, help="Compare with every embedding, not by codes first.")
@click.option("--same", type=float, help="Score from which on it is the same person.")
@click.option("--different", type=float, help="Score below which it is another one.")
@click.option("--fmr", type=float, help="False-match rate to allow, of two people compared.")
@click.option("--fpir", type=float, help="Share of strangers to be taken for anybody in GALLERY.")
@gallery_skip_broken_option
@click.option(
    "--bundle-camera",
    help="Whose images INPUTS are, for --centre, or if BUNDLE is adapted to cameras.",
)
@click.option("--centre", is_flag=True, help="Take out what GALLERY learned of --bundle-camera.")
@click.option("--backend", default="auto", show_default=True, help="Back end that runs the bundle.")
@click.option(
    "--threads", default=1, show_default=True, type=click.IntRange(1, 64), help="Threads."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def search(
    gallery: Path | str,
    bundle: Path,
    inputs: tuple[Path, ...],
    cameras: tuple[str, ...],
    all_entries: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Say who of GALLERY is on INPUTS (images, or folders of images).

    With --fpir, --fmr or --same it also says per image whether that is one of the people: same,
    different or undecided. --fpir and --fmr need a gallery that `calibrate --gallery` has seen.
    """
    from bireid_deploy import api

    if options["different"] is not None and options["same"] is None:
        raise click.UsageError("--different needs --same")
    if options["centre"] and options["bundle_camera"] is None:
        raise click.UsageError("--centre needs --bundle-camera: whose mean to take out")
    skipped: list[tuple[Path, str]] = []
    found = api.search_gallery(
        gallery,
        bundle,
        inputs,
        cameras=cameras or None,
        one_per_person=not all_entries,
        on_remark=message,
        on_skipped=skipped.extend,
        quiet=quiet_native_output,
        **options,
    )
    say_skipped(tuple(skipped), None)
    if as_json:
        emit_json(
            [
                {
                    "image": name,
                    "match": None if match is None else asdict(match),
                    "hits": [asdict(hit) for hit in hits],
                }
                for name, hits, match in found
            ]
        )
        return
    for name, hits, match in found:
        _show_hits(name, hits, match)


def _show_hits(image: str, hits: "list[Hit]", match: "Match | None") -> None:
    title = image
    if match is not None:
        who = match.label or (f"person {match.person}" if match.person else "nobody")
        rate = "" if match.fmr is None else f", false-match rate {match.fmr:g}"
        title = f"{image}: {match.verdict}, nearest is {who}, score {match.score:.3f}{rate}"
    if not hits:
        message(f"{title}: no entry fits")
        return
    rows = [
        [
            hit.label or (f"person {hit.person}" if hit.person else "-"),
            hit.camera or "-",
            shown(hit.at),
            f"{hit.score:.3f}",
            str(hit.entry),
        ]
        for hit in hits
    ]
    emit_table(title, ["person", "camera", "time", "score", "entry"], rows, text_columns=2)

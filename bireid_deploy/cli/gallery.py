"""`bireid-deploy gallery`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bireid_deploy.cli.broken import gallery_skip_broken_option, say_skipped
from bireid_deploy.cli.console import emit_json, emit_lines, emit_table, message, progress
from bireid_deploy.cli.gallery_learn import learn
from bireid_deploy.cli.gallery_search import search
from bireid_deploy.cli.moment import Moment, shown
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.cli.paths import BundlePath, GalleryLocation

if TYPE_CHECKING:
    from bireid_runtime.gallery import GalleryStore

_PATH = click.Path(path_type=Path)


_gallery_argument = click.argument("gallery", type=GalleryLocation())
_json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_backend_option = click.option(
    "--backend", default="auto", show_default=True, help="Back end that runs the bundle."
)
_threads_option = click.option(
    "--threads", default=1, show_default=True, type=click.IntRange(1, 64), help="Threads."
)


@click.group()
def command() -> None:
    """Keep people, cameras, times and embeddings in one file, and search it.

    A gallery holds embeddings of one network: those of another are refused. It keeps no pictures.
    What is removed is overwritten in the file. GALLERY is a file, or for several machines
    postgresql://USER@HOST/DATABASE?gallery=NAME.
    """


@command.command()
@_gallery_argument
@click.argument("bundle", type=BundlePath())
@click.option("--retention-days", type=float, help="Days after which entries go; kept for ever.")
@click.option("--centre", is_flag=True, help="For embeddings that are centred by camera.")
def create(gallery: Path | str, bundle: Path, retention_days: float | None, centre: bool) -> None:
    """Make GALLERY, a file or one on a server, for the embeddings of BUNDLE.

    With --centre it is for those of `add`, `search`, `watch` and `calibrate` with --centre, and
    refuses others: each camera's mean and deviation, which `learn` learns, is taken out of them.
    """
    from bireid_deploy import api

    api.create_gallery(gallery, bundle, retention_days, centre=centre)
    with _open(gallery) as opened:
        click.echo(f"{opened.path}: a gallery for {bundle}")


@command.command()
@_gallery_argument
@click.argument("bundle", type=BundlePath())
@click.argument("inputs", nargs=-1, required=True, type=_PATH)
@click.option("--person", help="Who is on all of them.")
@click.option("--person-folders", is_flag=True, help="Folders are called after their person.")
@click.option("--camera", help="Where all of them come from.")
@click.option("--centre", is_flag=True, help="Take out what GALLERY learned of the camera.")
@gallery_skip_broken_option
@_backend_option
@_threads_option
@_json_option
def add(
    gallery: Path | str,
    bundle: Path,
    inputs: tuple[Path, ...],
    person: str | None,
    person_folders: bool,
    camera: str | None,
    centre: bool,
    skip_broken: bool,
    backend: str,
    threads: int,
    as_json: bool,
) -> None:
    """Embed INPUTS (images, or folders of images) with BUNDLE and add them to GALLERY.

    Without --person and --person-folders they are sightings of nobody known. The time of an entry
    is that of its file. Images that are there already are left out. --centre needs --camera, and
    a gallery of `create --centre` that has learned of that camera (`learn`).
    """
    from bireid_deploy import api

    if person is not None and person_folders:
        raise click.UsageError("give --person or --person-folders, not both")
    if centre and camera is None:
        raise click.UsageError("--centre needs --camera: whose mean to take out")
    skipped: list[tuple[Path, str]] = []
    with progress("embedding") as on_progress:
        new = api.add_to_gallery(
            gallery,
            bundle,
            inputs,
            person=person,
            person_folders=person_folders,
            camera=camera,
            centre=centre,
            backend=backend,
            threads=threads,
            skip_broken=skip_broken,
            on_remark=message,
            on_skipped=skipped.extend,
            on_progress=on_progress,
            quiet=quiet_native_output,
        )
    listed = say_skipped(tuple(skipped), None)
    with _open(gallery) as opened:
        facts = {"new": new} | ({"skipped": listed} if skip_broken else {})
        _say(opened, f"{new} new entries", facts, as_json)


@command.command()
@_gallery_argument
@click.argument("entries", nargs=-1, type=click.IntRange(1))
@click.option("--person", help="That person's: label or number.")
@click.option("--camera", help="Those of that camera.")
@click.option("--before", type=Moment(), help="Those of before then.")
@_json_option
def remove(
    gallery: Path | str,
    entries: tuple[int, ...],
    person: str | None,
    camera: str | None,
    before: float | None,
    as_json: bool,
) -> None:
    """Remove ENTRIES, or those that fit all options, for good: their bytes are overwritten."""
    with _open(gallery) as opened:
        number = None if person is None else _person(opened, person)
        removed = opened.remove(entries, person=number, camera=camera, before=before)
        _say(opened, f"{removed} entries removed", {"removed": removed}, as_json)


@command.command()
@_gallery_argument
@click.argument("other", type=GalleryLocation())
@_json_option
def merge(gallery: Path | str, other: Path | str, as_json: bool) -> None:
    """Take the entries of OTHER, a gallery or a .npz or .jsonl of embeddings, over into GALLERY.

    Such files are written by `gallery export` and by `embed`. An entry whose source and time are
    there already is left out.
    """
    from bireid_runtime.gallery import formats

    with _open(gallery) as opened:
        if isinstance(other, Path) and other.suffix in formats.READERS:
            new = sum(opened.load(part) for part in formats.read(other))
        else:
            with _open(other) as source:
                new = opened.merge(source)
        _say(opened, f"{new} new entries", {"new": new}, as_json)


@command.command()
@_gallery_argument
@click.argument("person")
@click.argument("other")
def same(gallery: Path | str, person: str, other: str) -> None:
    """Make PERSON and OTHER, labels or numbers, one person: PERSON."""
    with _open(gallery) as opened:
        opened.merge_people(_person(opened, person), _person(opened, other))
        click.echo(f"{opened.path}: {other} is {person}")


@command.command()
@_gallery_argument
@click.argument("entries", nargs=-1, required=True, type=click.IntRange(1))
@click.option("--person", help="Label of the person; without it they become a new one.")
def split(gallery: Path | str, entries: tuple[int, ...], person: str | None) -> None:
    """Make ENTRIES those of one person."""
    with _open(gallery) as opened:
        number = opened.split(entries, person)
        click.echo(f"{opened.path}: {len(entries)} entries are of person {number}")


@command.command()
@_gallery_argument
@click.argument("person")
@click.argument("label")
def name(gallery: Path | str, person: str, label: str) -> None:
    """Call PERSON, a label or a number, LABEL."""
    with _open(gallery) as opened:
        opened.name(_person(opened, person), label)
        click.echo(f"{opened.path}: {person} is called {label}")


@command.command()
@_gallery_argument
@click.option("--people", "with_people", is_flag=True, help="List all people.")
@_json_option
def stats(gallery: Path | str, with_people: bool, as_json: bool) -> None:
    """Show what GALLERY holds."""
    with _open(gallery) as opened:
        people = opened.people() if with_people else []
        if as_json:
            listed = {"people_list": [asdict(each) for each in people]} if with_people else {}
            emit_json({**asdict(opened.stats()), **listed})
            return
        _show_stats(opened)
        if people:
            rows = [
                [each.label or "-", str(each.person), str(each.entries), shown(each.last)]
                for each in people
            ]
            emit_table("People", ["label", "number", "entries", "last seen"], rows)


@command.command()
@_gallery_argument
@click.argument("out", type=_PATH)
def export(gallery: Path | str, out: Path) -> None:
    """Write GALLERY to OUT, by its suffix.

    .npz and .jsonl hold all, .csv no embeddings; .faiss is a flat index of faiss, .copy text for
    PostgreSQL's COPY with pgvector.
    """
    from bireid_runtime.gallery import formats

    with _open(gallery) as opened:
        count = formats.write(opened, out)
    click.echo(f"{out}: {count} entries")


@command.command()
@_gallery_argument
@_json_option
def expire(gallery: Path | str, as_json: bool) -> None:
    """Remove what is older than GALLERY keeps it, for good; every use of it does so too."""
    # Opening removes what has expired.
    with _open(gallery) as opened:
        opened.erase()
        _say(opened, "nothing that has expired is left", {}, as_json)


@command.command()
@_gallery_argument
@click.argument("bundle", type=BundlePath())
@click.option("--note", required=True, help="Why the two may be compared.")
@click.option("--centre", is_flag=True, help="Its embeddings as centred by camera.")
def relate(gallery: Path | str, bundle: Path, note: str, centre: bool) -> None:
    """Let GALLERY take embeddings of BUNDLE, too: such as another adaptation of its network."""
    from bireid_runtime import Bundle
    from bireid_runtime.gallery import embedding_space

    fingerprint = embedding_space(Bundle.open(bundle).fingerprint, centre)
    with _open(gallery) as opened:
        opened.relate(fingerprint, note)
        click.echo(f"{opened.path}: takes {fingerprint[:19]}..., too")


@command.command()
@_gallery_argument
@click.argument("copy", type=GalleryLocation())
@_json_option
def copy(gallery: Path | str, copy: Path | str, as_json: bool) -> None:
    """Copy GALLERY whole to COPY, a new one: from file to server, or back.

    Unlike `merge` it keeps numbers, expiry, thumbnails, statistics and the calibration.
    """
    from bireid_deploy import api

    count = api.copy_gallery(gallery, copy)
    with _open(copy) as opened:
        _say(opened, f"{count} entries copied", {"copied": count}, as_json)


@command.command()
@_gallery_argument
@click.argument("role")
@click.option("--as", "rights", required=True, type=click.Choice(["reader", "writer"]))
def grant(gallery: Path | str, role: str, rights: str) -> None:
    """Let ROLE of a server read GALLERY, or add to it too; only its owner removes."""
    from bireid_deploy import api

    api.grant_rights(gallery, role, rights)
    click.echo(f"{role} is a {rights} now")


@command.command()
@_gallery_argument
def migrate(gallery: Path | str) -> None:
    """Bring GALLERY, on a server, up to date; its codes get an index if pgvector is there."""
    from bireid_deploy import api

    steps = api.migrate_gallery(gallery)
    with _open(gallery) as opened:
        click.echo(f"{opened.path}: up to date, {steps} steps were missing")


command.add_command(learn)
command.add_command(search)


def _open(location: Path | str) -> "GalleryStore":
    from bireid_deploy import api

    return api.open_gallery(location)


def _person(gallery: "GalleryStore", wanted: str) -> int:
    """The person of that label, or of that number."""
    from bireid_runtime.gallery import GalleryError
    from bireid_runtime.suggestions import hint

    people = gallery.people()
    for each in people:
        if each.label == wanted or str(each.person) == wanted:
            return each.person
    labels = [each.label for each in people if each.label is not None]
    raise GalleryError(f"{gallery.path}: nobody is called {wanted!r}; {hint(wanted, labels)}")


def _say(gallery: "GalleryStore", text: str, values: dict[str, Any], as_json: bool) -> None:
    stats = gallery.stats()
    if as_json:
        emit_json({**values, "entries": stats.entries, "people": stats.people})
    else:
        click.echo(f"{gallery.path}: {text}; {stats.entries} entries of {stats.people} people now")


def _show_stats(gallery: "GalleryStore") -> None:
    stats = gallery.stats()
    keeps = "for ever" if stats.retention_days is None else f"{stats.retention_days:g} days"
    cameras = ", ".join(f"{camera} {count}" for camera, count in stats.cameras.items())
    lines = [
        f"{gallery.path}: {stats.entries} entries of {stats.people} people, {stats.sightings} "
        f"sightings, {stats.bytes / 1e6:.1f} MB",
        f"cameras: {cameras or '-'}",
        f"from {shown(stats.first)} to {shown(stats.last)}, kept {keeps}",
        f"network: {stats.fingerprint}, {stats.dim} numbers",
        *(f"and: {fingerprint} ({note})" for fingerprint, note in stats.related.items()),
    ]
    emit_lines(lines)

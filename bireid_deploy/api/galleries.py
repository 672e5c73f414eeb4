"""`gallery add` and `gallery search` as functions; `bireid_runtime.gallery` does all else."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from bireid_runtime import Bundle
from bireid_runtime.camera_statistics import CameraStatistics
from bireid_runtime.errors import ArgumentError, UnsupportedModelError
from bireid_runtime.gallery import (
    GalleryStore,
    Hit,
    Match,
    camera_centring,
    embedding_space,
)

from bireid_deploy.api.embedding import embed
from bireid_deploy.api.training import Quiet
from bireid_deploy.data.folders import LeftOut, say_left_out
from bireid_deploy.gallery_server.opening import make_gallery, open_gallery
from bireid_deploy.tasks.base import Progress


def create_gallery(
    gallery: Path | str,
    bundle: Bundle | Path | str,
    retention_days: float | None = None,
    *,
    centre: bool = False,
) -> None:
    """Make a gallery for the embeddings of a bundle.

    Args:
        gallery: Gallery: a file, or `postgresql://...`, as for `make_gallery`.
        bundle: The bundle.
        retention_days: Days after which entries go; None keeps them.
        centre: Make it for embeddings that are centred by what `learn_cameras` learned, and for
            no others.

    Raises:
        GalleryError: It is there already.
        ArgumentError: `centre`, and the bundle is adapted to cameras, which it centres itself.
        BireidError: The bundle cannot be opened, or has no embedding.
    """
    opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
    sizes = [spec.shape[0] for spec in opened.outputs if spec.kind == "embedding"]
    if len(sizes) != 1:
        raise UnsupportedModelError(f"{opened.path}: has no embedding to keep in a gallery")
    if centre and opened.cameras:
        raise ArgumentError(
            f"{opened.path}: adapted to cameras, so it centres them itself; leave out centre, or "
            "give the bundle that it was adapted from"
        )
    space = embedding_space(opened.fingerprint, centre)
    make_gallery(gallery, space, sizes[0], retention_days).close()


def add_to_gallery(
    gallery: Path | str,
    bundle: Path | str,
    inputs: Sequence[Path | str],
    *,
    person: str | None = None,
    person_folders: bool = False,
    camera: str | None = None,
    centre: bool = False,
    backend: str = "auto",
    threads: int = 1,
    skip_broken: bool = False,
    on_remark: Callable[[str], None] = lambda line: None,
    on_skipped: Callable[[LeftOut], None] = lambda skipped: None,
    on_progress: Progress | None = None,
    quiet: Quiet = nullcontext,
) -> int:
    """Embed images and add them; their times are those of the files, their sources the paths.

    Args:
        gallery: Gallery: a file, or `postgresql://...`, as for `open_gallery`.
        bundle: The bundle whose embeddings it holds.
        inputs: Images, and folders of images.
        person: Who is on all of them; None for sightings.
        person_folders: The folder of each image is called after its person.
        camera: Where all of them come from; of a bundle that is adapted, whose numbers are used.
        centre: Take out what the gallery learned of `camera`, as `watch` does; the gallery is one
            that `create_gallery` made for that.
        backend: Back end that runs the bundle.
        threads: Threads of that back end.
        skip_broken: Pass over images that cannot be read, as long as one can be.
        on_remark: Told what else lies in folders that were given.
        on_skipped: Told which images were passed over, and why.
        on_progress: Called with (images embedded, images in all).
        quiet: Wraps what native libraries write while they start.

    Returns:
        How many entries are new: an image that is there already is left out.

    Raises:
        FingerprintError: The gallery holds embeddings of another network, or centred ones and
            `centre` is not given, or the reverse.
        ArgumentError: `centre` without a camera, or as `camera_centring`.
        BireidError: As `embed`; or the gallery cannot be opened.
    """
    network = Bundle.open(bundle)
    # A camera of the gallery need not be one that the bundle is adapted to.
    known = camera if camera in network.cameras else None
    with open_gallery(gallery, embedding_space(network.fingerprint, centre)) as opened:
        statistics = _centring(opened, network, camera) if centre else None
        found = embed(
            network,
            inputs,
            backend=backend,
            threads=threads,
            camera=known,
            skip_broken=skip_broken,
            on_progress=on_progress,
            quiet=quiet,
        )
        for line in say_left_out(found.left_out):
            on_remark(line)
        on_skipped(found.skipped)
        paths = [Path(name).absolute() for name in found.names]
        people = [path.parent.name for path in paths] if person_folders else person
        entries = opened.add(
            found.vectors if statistics is None else statistics.apply(found.vectors),
            person=people,
            camera=camera,
            at=[path.stat().st_mtime for path in paths],
            source=[str(path) for path in paths],
        )
        return len(entries)


def search_gallery(
    gallery: Path | str,
    bundle: Path | str,
    inputs: Sequence[Path | str],
    top: int = 10,
    *,
    bundle_camera: str | None = None,
    centre: bool = False,
    cameras: Sequence[str] | None = None,
    since: float | None = None,
    until: float | None = None,
    enrolled: bool = False,
    one_per_person: bool = True,
    exact: bool = False,
    same: float | None = None,
    different: float | None = None,
    fmr: float | None = None,
    fpir: float | None = None,
    backend: str = "auto",
    threads: int = 1,
    skip_broken: bool = False,
    on_remark: Callable[[str], None] = lambda line: None,
    on_skipped: Callable[[LeftOut], None] = lambda skipped: None,
    quiet: Quiet = nullcontext,
) -> list[tuple[str, list[Hit], Match | None]]:
    """Who is on images, of those in a gallery.

    Args:
        gallery: Gallery: a file, or `postgresql://...`, as for `open_gallery`.
        bundle: The bundle whose embeddings it holds.
        inputs: Images, and folders of images.
        top: Hits of each.
        bundle_camera: Where the images come from, for a bundle that is adapted to cameras, or for
            `centre`.
        centre: As `add_to_gallery`.
        cameras: As `Gallery.search`; likewise `since`, `until`, `enrolled`, `one_per_person`,
            `exact` and `threads`.
        since: See `cameras`.
        until: See `cameras`.
        enrolled: See `cameras`.
        one_per_person: See `cameras`.
        exact: See `cameras`.
        same: As `Gallery.match`; likewise `different`, `fmr`, `fpir`. None of them asks nothing.
        different: See `same`.
        fmr: See `same`.
        fpir: See `same`.
        backend: Back end that runs the bundle.
        threads: Threads of that back end, and of the scan.
        skip_broken: Pass over images that cannot be read, as long as one can be.
        on_remark: Told what else lies in folders that were given.
        on_skipped: Told which images were passed over, and why.
        quiet: Wraps what native libraries write while they start.

    Returns:
        Per image its path, its hits, and the verdict if there is a threshold.

    Raises:
        FingerprintError, ArgumentError, BireidError: As `add_to_gallery`.
    """
    network = Bundle.open(bundle)
    with open_gallery(gallery, embedding_space(network.fingerprint, centre)) as opened:
        statistics = _centring(opened, network, bundle_camera) if centre else None
        found = embed(
            network,
            inputs,
            backend=backend,
            threads=threads,
            camera=None if centre else bundle_camera,
            skip_broken=skip_broken,
            quiet=quiet,
        )
        for line in say_left_out(found.left_out):
            on_remark(line)
        on_skipped(found.skipped)
        rows = found.vectors if statistics is None else statistics.apply(found.vectors)
        hits = opened.search(
            rows,
            top,
            cameras=cameras,
            since=since,
            until=until,
            enrolled=enrolled,
            one_per_person=one_per_person,
            exact=exact,
            threads=threads,
        )
        matches: Sequence[Match | None] = [None] * len(hits)
        if not (same is fmr is fpir is None):
            matches = opened.match(rows, same, different, fmr=fmr, fpir=fpir, threads=threads)
        return list(zip(found.names, hits, matches, strict=True))


def _centring(opened: GalleryStore, network: Bundle, camera: str | None) -> CameraStatistics:
    if camera is None:
        raise ArgumentError("centre needs the camera that the images come from; name it")
    return camera_centring(opened, camera, network.cameras)

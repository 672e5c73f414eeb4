"""`gallery learn` as a function."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from bireid_runtime import Bundle
from bireid_runtime.errors import ArgumentError
from bireid_runtime.gallery.centring import embedding_space, is_centred

from bireid_deploy.adaptation.crops import (
    AUTO,
    DEFAULT_LEAST,
    list_crops,
    require_enough,
    uneven,
)
from bireid_deploy.api.embedding import embed
from bireid_deploy.api.training import Quiet
from bireid_deploy.data.folders import say_left_out
from bireid_deploy.gallery_server.opening import open_gallery
from bireid_deploy.tasks.base import Progress


def learn_cameras(
    gallery: Path | str,
    bundle: Path | str,
    crops: Path | str,
    *,
    cameras: Path | str = AUTO,
    least: int = DEFAULT_LEAST,
    backend: str = "auto",
    threads: int = 1,
    on_remark: Callable[[str], None] = lambda line: None,
    on_progress: Progress | None = None,
    quiet: Quiet = nullcontext,
) -> dict[str, int]:
    """Count crops into what a gallery knows of each camera: the mean and the deviation.

    `centre=True` of other functions takes that out of embeddings. Nothing is counted if a camera
    is refused; crops that were given before count again.

    Args:
        gallery: Gallery: a file, or `postgresql://...`, as for `open_gallery`.
        bundle: The bundle whose embeddings it holds, not adapted to cameras.
        crops: Folder of crops that nobody labelled.
        cameras: Which crop is of which camera; see `adaptation.crops.list_crops`.
        least: Crops that every camera must have.
        backend: Back end that runs the bundle.
        threads: Threads of that back end.
        on_remark: Told what was not used, and if one camera has far fewer crops than another.
        on_progress: Called with (images embedded, images in all).
        quiet: Wraps what native libraries write while they start.

    Returns:
        Embeddings that the gallery has learned from now, by camera.

    Raises:
        FingerprintError: The gallery holds embeddings of another network.
        ArgumentError: The bundle is adapted to cameras, and so centres them itself.
        DatasetError: The crops cannot be listed, or a camera has too few that can be read.
        GalleryError: The gallery holds centred entries of one of the cameras, which could not
            follow; or it cannot be opened.
        BireidError: As `embed`.
    """
    network, found = Bundle.open(bundle), list_crops(Path(crops), cameras)
    if network.cameras:
        raise ArgumentError(
            f"camera {network.cameras[0]!r}: the bundle is adapted to it and centres it itself; "
            "give the bundle that it was adapted from"
        )
    for line in say_left_out(found.ignored):
        on_remark(line)
    require_enough({name: len(files) for name, files in found.cameras.items()}, least)
    with open_gallery(gallery) as opened:
        opened.require(embedding_space(network.fingerprint, is_centred(opened.fingerprint)))
        rows: dict[str, np.ndarray] = {}
        total = sum(map(len, found.cameras.values()))
        done = 0
        for name, files in found.cameras.items():

            def on_done(count: int, _: int, before: int = done) -> None:
                if on_progress is not None:
                    on_progress(before + count, total)

            made = embed(
                network,
                files,
                backend=backend,
                threads=threads,
                skip_broken=True,
                on_progress=on_done,
                quiet=quiet,
            )
            for path, reason in made.skipped:
                on_remark(f"skipped {path}: {reason}")
            rows[name], done = made.vectors, done + len(files)
        counts = {name: len(vectors) for name, vectors in rows.items()}
        # Again: some may have been broken.
        require_enough(counts, least)
        if (remark := uneven(counts)) is not None:
            on_remark(remark)
        return {name: opened.learn(name, vectors).count for name, vectors in rows.items()}

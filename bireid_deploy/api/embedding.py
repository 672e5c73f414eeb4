"""`embed` as a function."""

from collections.abc import Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path

import numpy as np
from bireid_runtime import Bundle, Extractor

from bireid_deploy.api.training import Quiet
from bireid_deploy.data.image_files import find_images
from bireid_deploy.evaluation.embedding_file import NamedEmbeddings
from bireid_deploy.tasks.base import Progress

_CHUNK = 16


def embed(
    bundle: Path | str,
    inputs: Sequence[Path | str],
    *,
    backend: str = "auto",
    threads: int = 1,
    camera: str | None = None,
    on_progress: Progress | None = None,
    quiet: Quiet = nullcontext,
) -> NamedEmbeddings:
    """Turn images into embeddings.

    Args:
        bundle: Bundle with an embedding.
        inputs: Images, and folders whose images are taken, sorted.
        backend: Back end that runs the bundle.
        threads: Threads of that back end.
        camera: Whose crops the images are, for a bundle that is adapted to cameras.
        on_progress: Called with (images embedded, images in all).
        quiet: Wraps what native libraries write while they start.

    Returns:
        One row of unit length per image, with the image's path and the fingerprint of the space;
        its `save` writes `.npz` or `.jsonl`.

    Raises:
        DatasetError: An input does not exist, or a folder holds no image.
        ImageError: An image cannot be decoded.
        ArgumentError: No camera of the bundle, or none where it is adapted to some.
        BireidError: The bundle cannot be opened, or has no embedding.
    """
    images = find_images(inputs)
    with quiet():
        opened = Bundle.open(bundle)
        opened.check_camera(camera)
        extractor = Extractor.open(opened, backend=backend, threads=threads, camera=camera)
        opened.release()
    rows: list[np.ndarray] = []
    stream = extractor.embed_stream(images)
    while chunk := list(islice(stream, _CHUNK)):
        rows.extend(chunk)
        if on_progress is not None:
            on_progress(len(rows), len(images))
    names = tuple(str(path) for path in images)
    return NamedEmbeddings(np.stack(rows), names, extractor.fingerprint, backend=extractor.backend)

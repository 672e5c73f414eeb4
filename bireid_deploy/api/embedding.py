"""`embed` as a function."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from bireid_runtime import Bundle

from bireid_deploy.api.training import Quiet
from bireid_deploy.data.image_files import find_images
from bireid_deploy.evaluation.embedding_file import NamedEmbeddings
from bireid_deploy.evaluation.image_embedder import ImageEmbedder
from bireid_deploy.tasks.base import Progress


def embed(
    bundle: Bundle | Path | str,
    inputs: Sequence[Path | str],
    *,
    backend: str = "auto",
    threads: int = 1,
    camera: str | None = None,
    skip_broken: bool = False,
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
        skip_broken: Pass over images that cannot be read and list them in `skipped`.
        on_progress: Called with (images embedded, images in all).
        quiet: Wraps what native libraries write while they start.

    Returns:
        One row of unit length per image, with the image's path and the fingerprint of the space;
        its `save` writes `.npz` or `.jsonl`.

    Raises:
        DatasetError: An input does not exist, a folder holds no image, or no image is readable.
        ImageError: An image cannot be decoded, and none is to be passed over.
        ArgumentError: No camera of the bundle, or none where it is adapted to some.
        BireidError: The bundle cannot be opened, or has no embedding.
    """
    listed = find_images(inputs)
    with quiet():
        opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
        embedder = ImageEmbedder(opened, backend, threads, camera)

    def on_done(count: int) -> None:
        if on_progress is not None:
            on_progress(count, len(listed.files))

    vectors, names, skipped = embedder.embed(listed.files, skip_broken, on_done)
    return NamedEmbeddings(
        vectors,
        names,
        embedder.fingerprint,
        backend=embedder.backend,
        left_out=listed.left_out,
        skipped=skipped,
    )

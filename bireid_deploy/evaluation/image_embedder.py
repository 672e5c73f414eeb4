"""Files of images to embeddings, some at a time."""

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from bireid_runtime import Bundle, Extractor
from bireid_runtime.images import load_image

from bireid_deploy.data.broken import Reading
from bireid_deploy.data.folders import LeftOut
from bireid_deploy.errors import DatasetError

_CHUNK = 16


class ImageEmbedder:
    """A bundle opened to embed files.

    Args:
        bundle: Bundle with an embedding; its files are released.
        backend: Back end that runs it.
        threads: Threads of that back end.
        camera: Whose crops the images are, for a bundle that is adapted to cameras.

    Attributes:
        fingerprint: The embedding space.
        backend: What computes.

    Raises:
        ArgumentError: No camera of the bundle, or none where it is adapted to some.
        BireidError: It has no embedding, or the back end cannot run it.
    """

    def __init__(self, bundle: Bundle, backend: str, threads: int, camera: str | None) -> None:
        bundle.check_camera(camera)
        self._extractor = Extractor.open(bundle, backend=backend, threads=threads, camera=camera)
        bundle.release()
        self.fingerprint = self._extractor.fingerprint
        self.backend = self._extractor.backend

    def embed(
        self,
        files: Sequence[Path],
        skip_broken: bool,
        on_done: Callable[[int], None] = lambda count: None,
        allow_none: bool = False,
    ) -> tuple[np.ndarray, tuple[str, ...], LeftOut]:
        """Embed files in their order.

        Args:
            files: Images.
            skip_broken: Pass over those that cannot be read.
            on_done: Told how many files are done.
            allow_none: Whether it is no error that none of them can be read.

        Returns:
            Rows, float32 (N, D), of unit length; the paths; files that were passed over.

        Raises:
            ImageError: An image cannot be decoded, and none is to be passed over.
            DatasetError: None of them can be read, and that is an error.
        """
        names: list[str] = []
        rows: list[np.ndarray] = []
        reading = Reading(skip_broken)
        decoded = reading.each(files, load_image)
        try:
            while chunk := list(islice(decoded, _CHUNK)):
                names.extend(str(path) for path, _ in chunk)
                rows.append(self._extractor.embed([image for _, image in chunk], _CHUNK))
                on_done(len(names) + len(reading.skipped))
        except DatasetError:
            if not allow_none:
                raise
            rows = [np.empty((0, self._extractor.embedding_dim), np.float32)]
        return np.concatenate(rows), tuple(names), reading.skipped

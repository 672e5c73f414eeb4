"""Crops in, embeddings out."""

import os
from collections.abc import Iterable, Iterator
from typing import Self

import numpy as np

from bireid_runtime.bundle import Bundle
from bireid_runtime.crops import Crop
from bireid_runtime.image_face import ImageFace
from bireid_runtime.session import Session


class Extractor(ImageFace):
    """A network that turns one image into one embedding. `Extractor.open` chooses the engine.

    Args:
        session: The loaded network.

    Attributes:
        embedding_dim: D, the length of an embedding.
        cameras: Names of the cameras that the network is adapted to; empty if it is to none.
        camera: Whose crops come in unless a call names another camera; None if every call must.

    Raises:
        UnsupportedModelError: As `ImageFace`.
    """

    kind = "embedding"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.embedding_dim = self._output.shape[0]
        self.cameras = session.bundle.cameras
        self.camera = session.camera
        self._sessions = {session.camera: session}

    @classmethod
    def open(
        cls,
        bundle: Bundle | str | os.PathLike[str],
        backend: str = "auto",
        threads: int = 1,
        camera: str | None = None,
        centred: bool = True,
    ) -> Self:
        """Load the network of a bundle; see `ImageFace.open`.

        A bundle that is adapted to cameras opens without `camera` too: then `embed` has to be
        told, and the network of a camera is loaded when it is first needed, and kept.
        """
        opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
        first = opened.cameras[0] if camera is None and opened.cameras else camera
        extractor = cls(Session.open(opened, backend, threads, first, centred))
        extractor.camera = camera
        if opened is not bundle:
            opened.release()
        return extractor

    def embed(
        self, images: Iterable[Crop], batch_size: int = 16, camera: str | None = None
    ) -> np.ndarray:
        """Compute the embeddings of crops.

        Args:
            images: uint8 arrays `(H, W, C)` of any sizes, or paths of image files; three channels
                are RGB.
            batch_size: Crops per call of the engine, at least 1.
            camera: Name of the camera that the crops come from, of those in `cameras`; None for
                the one that the network was opened for.

        Returns:
            float32 `(N, D)`, rows of unit length in the order of `images`; `(0, D)` for none.

        Raises:
            ImageError: A crop cannot be read or has an impossible shape; it is named.
            UnsupportedModelError: The model returned something else than unit rows of length D.
            ArgumentError: `batch_size` is below 1, or no camera of the bundle.
        """
        rows = list(self.embed_stream(images, batch_size, camera))
        return np.stack(rows) if rows else np.empty((0, self.embedding_dim), np.float32)

    def embed_stream(
        self, images: Iterable[Crop], batch_size: int = 16, camera: str | None = None
    ) -> Iterator[np.ndarray]:
        """Compute embeddings one after the other, holding one batch in memory.

        Args:
            images: As for `embed`; may be endless.
            batch_size: Crops read before their embeddings appear; 1 for the least delay.
            camera: As for `embed`.

        Yields:
            float32 `(D,)` of unit length, in the order of `images`.

        Raises:
            ImageError, UnsupportedModelError, ArgumentError: As for `embed`.
        """
        for rows in self._batches(images, batch_size, self._session_of(camera)):
            yield from rows

    def _session_of(self, camera: str | None) -> Session:
        chosen = self.camera if camera is None else camera
        self.bundle.check_camera(chosen)
        if chosen not in self._sessions:
            assert chosen is not None
            self._sessions[chosen] = self.session.for_camera(chosen)
        return self._sessions[chosen]

"""Crops in, embeddings out."""

import os
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from bireid_runtime.backends import Session, find_backend, open_session
from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import ArgumentError, ImageError, UnsupportedModelError
from bireid_runtime.images import load_image
from bireid_runtime.preprocess import normalize
from bireid_runtime.resize import require_rgb, resize_bilinear

# An int8 model reaches unit length only up to its rounding.
_UNIT_TOLERANCE = 0.01

Crop = np.ndarray | str | os.PathLike[str]


class Extractor:
    """A network of a bundle, ready to run. `Extractor.open` chooses the engine.

    Args:
        bundle: The bundle that the session was opened from.
        session: The loaded model.
        backend: Name of the back end.

    Attributes:
        bundle: The bundle.
        backend: Name of the back end, such as `"onnx"`.
        engine: Engine and version, such as `"onnxruntime 1.20.0"`.
        preprocess: How crops become network input.
        embedding_dim: D, the length of an embedding.
        fingerprint: Identifies the embedding space; see `Bundle`.
    """

    def __init__(self, bundle: Bundle, session: Session, backend: str) -> None:
        self.bundle = bundle
        self.backend = backend
        self.engine = session.describe()
        self.preprocess = bundle.preprocess
        self.embedding_dim = bundle.embedding_dim
        self.fingerprint = bundle.fingerprint
        self._session = session

    @classmethod
    def open(
        cls, bundle: Bundle | str | os.PathLike[str], backend: str = "auto", threads: int = 1
    ) -> "Extractor":
        """Load the network of a bundle.

        Args:
            bundle: A bundle or the path of one; a path is opened with all its hashes verified.
            backend: A name of `bireid_runtime.backends.BACKENDS`, or `"auto"` for the first one
                that is installed and whose format is in the bundle.
            threads: Threads that one call may use, at least 1.

        Returns:
            The extractor.

        Raises:
            BundleError: The bundle cannot be read or lacks the format.
            BackendUnavailableError: The engine is not installed; the message says what is missing.
            UnsupportedModelError: The engine refuses the model.
            ArgumentError: Unknown `backend`, or `threads` below 1.
        """
        if not isinstance(bundle, Bundle):
            bundle = Bundle.open(bundle)
        chosen = find_backend(backend, bundle)
        return cls(bundle, open_session(chosen, bundle, threads), chosen.name)

    def embed(self, images: Iterable[Crop], batch_size: int = 16) -> np.ndarray:
        """Compute the embeddings of crops.

        Args:
            images: uint8 RGB arrays `(H, W, 3)` of any sizes, or paths of image files.
            batch_size: Crops per call of the engine, at least 1.

        Returns:
            float32 `(N, D)`, rows of unit length in the order of `images`; `(0, D)` for none.

        Raises:
            ImageError: A crop cannot be read or has an impossible shape; it is named.
            UnsupportedModelError: The model returned something else than unit rows of length D.
            ArgumentError: `batch_size` is below 1.
        """
        rows = list(self.embed_stream(images, batch_size))
        return np.stack(rows) if rows else np.empty((0, self.embedding_dim), np.float32)

    def embed_stream(self, images: Iterable[Crop], batch_size: int = 16) -> Iterator[np.ndarray]:
        """Compute embeddings one after the other, holding one batch in memory.

        Args:
            images: As for `embed`; may be endless.
            batch_size: Crops read before their embeddings appear; 1 for the least delay.

        Yields:
            float32 `(D,)` of unit length, in the order of `images`.

        Raises:
            ImageError, UnsupportedModelError, ArgumentError: As for `embed`.
        """
        if batch_size < 1:
            raise ArgumentError(f"batch_size is {batch_size}; it must be at least 1")
        single_crop = isinstance(images, np.ndarray) and images.ndim == 3
        if single_crop or isinstance(images, str | os.PathLike):
            raise ImageError("expected a sequence of crops; put a single crop into a list")
        numbered = enumerate(images)
        while batch := list(islice(numbered, batch_size)):
            resized = np.stack([self._resized(index, crop) for index, crop in batch])
            yield from self._checked(self._session.run(normalize(resized, self.preprocess)), batch)

    def _resized(self, index: int, crop: Crop) -> np.ndarray:
        if isinstance(crop, str | os.PathLike):
            crop = load_image(crop)
        try:
            require_rgb(crop)
        except ImageError as error:
            raise ImageError(f"image {index}: {error}") from error
        if crop.ndim != 3:
            raise ImageError(f"image {index}: expected (H, W, 3), got {crop.shape}")
        return resize_bilinear(crop, self.preprocess.height, self.preprocess.width)

    def _checked(self, rows: np.ndarray, batch: list[tuple[int, Crop]]) -> np.ndarray:
        expected = (len(batch), self.embedding_dim)
        if rows.shape != expected or rows.dtype != np.float32:
            raise UnsupportedModelError(
                f"{self.bundle.path}: {self.engine} returned {rows.dtype} {rows.shape}, "
                f"the manifest promises float32 {expected}"
            )
        # A comparison with NaN is false, so this finds every number that is not finite too.
        unit = np.abs(np.linalg.norm(rows, axis=1) - 1.0) <= _UNIT_TOLERANCE
        if not unit.all():
            index = batch[int(np.argmin(unit))][0]
            raise UnsupportedModelError(
                f"{self.bundle.path}: {self.engine} returned an embedding for image {index} that "
                "is not of unit length; convert the network again"
            )
        return rows

"""The network of the service; its engine works on one image after the other."""

from threading import Lock

import numpy as np
from bireid_runtime import Bundle, Extractor
from bireid_runtime.errors import ArgumentError
from bireid_runtime.images import decode_image


class Embedder:
    """Bytes of an image to an embedding.

    Args:
        bundle: Bundle with an embedding, not adapted to cameras.
        threads: Threads of the engine.
        max_pixels: Largest image.
        backend: Back end that runs the bundle.

    Raises:
        BireidError: The bundle cannot be opened or has no embedding.
        ArgumentError: It is adapted to cameras.
    """

    def __init__(self, bundle: Bundle, threads: int, max_pixels: int, backend: str) -> None:
        if bundle.cameras:
            raise ArgumentError(f"{bundle.path}: adapted to cameras; serve one that is not")
        self._extractor = Extractor.open(bundle, backend=backend, threads=threads)
        self._lock = Lock()
        self._max_pixels = max_pixels
        self.fingerprint = self._extractor.fingerprint

    def embed(self, content: bytes) -> np.ndarray:
        """float32 (D,), unit length.

        Raises:
            ImageError: No image, or too large a one.
        """
        return self.embed_pixels(self.decode(content))

    def decode(self, content: bytes) -> np.ndarray:
        """uint8 RGB (H, W, 3).

        Raises:
            ImageError: As `embed`.
        """
        return decode_image(content, "the body", self._max_pixels)

    def embed_pixels(self, image: np.ndarray) -> np.ndarray:
        """float32 (D,), unit length, of uint8 RGB (H, W, 3)."""
        with self._lock:
            rows = self._extractor.embed([image])
        return np.asarray(rows[0])

"""Crops in, embeddings out."""

import os
from collections.abc import Iterable, Iterator

import numpy as np

from bireid_runtime.bundle import Bundle
from bireid_runtime.crops import Crop, numbered_batches
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.session import Session


class Extractor:
    """A network that turns one image into one embedding. `Extractor.open` chooses the engine.

    Args:
        session: The loaded network.

    Attributes:
        session: The loaded network.
        bundle: The bundle.
        backend: Name of the back end, such as `"onnx"`.
        engine: Engine and version, such as `"onnxruntime 1.20.0"`.
        preprocess: How crops become network input.
        embedding_dim: D, the length of an embedding.
        fingerprint: Identifies the embedding space; see `Bundle`.

    Raises:
        UnsupportedModelError: The network has another input or output; the message names the class
            that opens it.
    """

    def __init__(self, session: Session) -> None:
        self._output = session.bundle.output_of_kind("embedding")
        self._input = session.bundle.image_input
        self.session = session
        self.bundle = session.bundle
        self.backend = session.backend
        self.engine = session.engine
        self.preprocess = session.bundle.preprocess
        self.embedding_dim = self._output.shape[0]
        self.fingerprint = session.fingerprint

    @classmethod
    def open(
        cls, bundle: Bundle | str | os.PathLike[str], backend: str = "auto", threads: int = 1
    ) -> "Extractor":
        """Load the network of a bundle.

        Args:
            bundle: A bundle or the path of one; a path is opened with all its hashes verified.
            backend: A name of `bireid_runtime.backends.BACKENDS`, or `"auto"` for the first one
                that is installed and whose format is in the bundle.
            threads: Threads that one call may use, 1 to 64.

        Returns:
            The extractor.

        Raises:
            BundleError: The bundle cannot be read or lacks the format.
            BackendUnavailableError: The engine is not installed; the message says what is missing.
            UnsupportedModelError: The engine refuses the model, or it gives no embedding.
            ArgumentError: Unknown `backend`, or `threads` out of range.
        """
        return cls(Session.open(bundle, backend, threads))

    def embed(self, images: Iterable[Crop], batch_size: int = 16) -> np.ndarray:
        """Compute the embeddings of crops.

        Args:
            images: uint8 arrays `(H, W, C)` of any sizes, or paths of image files; three channels
                are RGB.
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
        for first, batch in numbered_batches(images, self._input, batch_size):
            rows = self.session.run_images(batch)[self._output.name]
            if defect := self._output.defect(rows):
                index, problem = defect
                raise UnsupportedModelError(
                    f"{self.bundle.path}: {self.engine} returned an embedding for image "
                    f"{first + index} that {problem}; convert the network again"
                )
            yield from rows

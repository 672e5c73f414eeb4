"""Crops in, embeddings out."""

from collections.abc import Iterable, Iterator

import numpy as np

from bireid_runtime.crops import Crop
from bireid_runtime.image_face import ImageFace
from bireid_runtime.session import Session


class Extractor(ImageFace):
    """A network that turns one image into one embedding. `Extractor.open` chooses the engine.

    Args:
        session: The loaded network.

    Attributes:
        embedding_dim: D, the length of an embedding.

    Raises:
        UnsupportedModelError: As `ImageFace`.
    """

    kind = "embedding"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.embedding_dim = self._output.shape[0]

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
        for rows in self._batches(images, batch_size):
            yield from rows

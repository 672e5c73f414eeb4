"""What the faces share that take images and give rows of one kind of output."""

import os
from collections.abc import Iterable, Iterator
from typing import ClassVar, Self

import numpy as np

from bireid_runtime.bundle import Bundle
from bireid_runtime.crops import Crop, numbered_batches
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.session import Session


class ImageFace:
    """A network that takes one image and has one output of the face's kind.

    Args:
        session: The loaded network.

    Attributes:
        session: The loaded network.
        bundle: The bundle.
        backend: Name of the back end, such as `"onnx"`.
        engine: Engine and version, such as `"onnxruntime 1.20.0"`.
        preprocess: How images become network input.
        fingerprint: Identifies what comes out; see `Bundle`.

    Raises:
        UnsupportedModelError: The network has another input or output; the message names the class
            that opens it.
    """

    kind: ClassVar[str]
    """A name of `bireid_runtime.outputs.OUTPUT_KINDS`."""

    def __init__(self, session: Session) -> None:
        self._output = session.bundle.output_of_kind(self.kind)
        self._input = session.bundle.image_input
        self.session = session
        self.bundle = session.bundle
        self.backend = session.backend
        self.engine = session.engine
        self.preprocess = session.bundle.preprocess
        self.fingerprint = session.fingerprint

    @classmethod
    def open(
        cls,
        bundle: Bundle | str | os.PathLike[str],
        backend: str = "auto",
        threads: int = 1,
        camera: str | None = None,
        centred: bool = True,
    ) -> Self:
        """Load the network of a bundle.

        Args:
            bundle: A bundle or the path of one; a path is opened with all its hashes verified.
            backend: A name of `bireid_runtime.backends.BACKENDS`, or `"auto"` for the first one
                that is installed and whose format is in the bundle.
            threads: Threads that one call may use, 1 to 64.
            camera: Whose crops come in; needed if the bundle is adapted to cameras, and only then.
            centred: As for `Session.open`.

        Returns:
            The network.

        Raises:
            BundleError: The bundle cannot be read or lacks the format.
            BackendUnavailableError: The engine is not installed; the message says what is missing.
            UnsupportedModelError: The engine refuses the model, or it gives something else.
            ArgumentError: Unknown `backend`, `threads` out of range, or no camera of the bundle.
        """
        return cls(Session.open(bundle, backend, threads, camera, centred))

    def _batches(
        self, images: Iterable[Crop], batch_size: int, session: Session | None = None
    ) -> Iterator[np.ndarray]:
        """The rows of one batch of images after the other, each what its kind promises."""
        return (rows for _, rows in self._images_and_rows(images, batch_size, session))

    def _images_and_rows(
        self, images: Iterable[Crop], batch_size: int, session: Session | None = None
    ) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
        """As `_batches`, with the images that the rows are of."""
        running = session or self.session
        for first, batch in numbered_batches(images, self._input, batch_size):
            rows = running.run_images(batch)[self._output.name]
            if defect := self._output.defect(rows):
                index, problem = defect
                raise UnsupportedModelError(
                    f"{self.bundle.path}: {self.engine} returned a row for image {first + index} "
                    f"that {problem}; convert the network again"
                )
            yield batch, rows

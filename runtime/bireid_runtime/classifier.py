"""Images in, classes out."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bireid_runtime.bundle import Bundle
from bireid_runtime.crops import Crop, numbered_batches
from bireid_runtime.errors import ArgumentError, UnsupportedModelError
from bireid_runtime.session import Session


@dataclass(frozen=True)
class Prediction:
    """One class that an image may be of.

    Attributes:
        name: Name of the class.
        probability: 0 to 1, by softmax over all classes.
    """

    name: str
    probability: float


class Classifier:
    """A network that turns one image into one number per class. `Classifier.open` opens it.

    Args:
        session: The loaded network.

    Attributes:
        session: The loaded network.
        bundle: The bundle.
        backend: Name of the back end, such as `"onnx"`.
        engine: Engine and version, such as `"onnxruntime 1.20.0"`.
        preprocess: How images become network input.
        classes: Names of the K classes, in the order of the logits.
        fingerprint: Identifies the network; see `Bundle`.

    Raises:
        UnsupportedModelError: The network has another input or output; the message names the class
            that opens it.
    """

    def __init__(self, session: Session) -> None:
        self._output = session.bundle.output_of_kind("logits")
        self._input = session.bundle.image_input
        self.session = session
        self.bundle = session.bundle
        self.backend = session.backend
        self.engine = session.engine
        self.preprocess = session.bundle.preprocess
        self.classes = self._output.classes
        self.fingerprint = session.fingerprint

    @classmethod
    def open(
        cls, bundle: Bundle | str | os.PathLike[str], backend: str = "auto", threads: int = 1
    ) -> "Classifier":
        """Load the network of a bundle.

        Args:
            bundle: A bundle or the path of one; a path is opened with all its hashes verified.
            backend: A name of `bireid_runtime.backends.BACKENDS`, or `"auto"` for the first one
                that is installed and whose format is in the bundle.
            threads: Threads that one call may use, 1 to 64.

        Returns:
            The classifier.

        Raises:
            BundleError: The bundle cannot be read or lacks the format.
            BackendUnavailableError: The engine is not installed; the message says what is missing.
            UnsupportedModelError: The engine refuses the model, or it gives no logits.
            ArgumentError: Unknown `backend`, or `threads` out of range.
        """
        return cls(Session.open(bundle, backend, threads))

    def classify(self, images: Iterable[Crop], batch_size: int = 16) -> np.ndarray:
        """Compute one number per class.

        Args:
            images: uint8 arrays `(H, W, C)` of any sizes, or paths of image files; three channels
                are RGB.
            batch_size: Images per call of the engine, at least 1.

        Returns:
            Logits, float32 `(N, K)` in the order of `images` and `classes`; `(0, K)` for none.

        Raises:
            ImageError: An image cannot be read or has an impossible shape; it is named.
            UnsupportedModelError: The model returned numbers that are not finite.
            ArgumentError: `batch_size` is below 1.
        """
        parts = [np.empty((0, len(self.classes)), np.float32)]
        for first, batch in numbered_batches(images, self._input, batch_size):
            rows = self.session.run_images(batch)[self._output.name]
            if defect := self._output.defect(rows):
                index, problem = defect
                raise UnsupportedModelError(
                    f"{self.bundle.path}: {self.engine} returned a row for image {first + index} "
                    f"that {problem}; convert the network again"
                )
            parts.append(rows)
        return np.concatenate(parts)

    def predict(self, images: Iterable[Crop], top: int = 5) -> list[list[Prediction]]:
        """Name the most probable classes.

        Args:
            images: As for `classify`.
            top: How many classes to name, at least 1; at most all are named.

        Returns:
            Per image, the classes from the most probable one on.

        Raises:
            ImageError, UnsupportedModelError: As for `classify`.
            ArgumentError: `top` is below 1.
        """
        if top < 1:
            raise ArgumentError(f"top is {top}; it must be at least 1")
        return [self._ranked(row, top) for row in self.classify(images).astype(np.float64)]

    def _ranked(self, row: np.ndarray, top: int) -> list[Prediction]:
        powers = np.exp(row - row.max())
        probabilities = powers / powers.sum()
        order = np.argsort(-row, kind="stable")[:top]
        return [Prediction(self.classes[index], float(probabilities[index])) for index in order]

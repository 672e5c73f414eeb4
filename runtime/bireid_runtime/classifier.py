"""Images in, classes out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bireid_runtime.crops import Crop
from bireid_runtime.errors import ArgumentError
from bireid_runtime.image_face import ImageFace
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


class Classifier(ImageFace):
    """A network that turns one image into one number per class. `Classifier.open` opens it.

    Args:
        session: The loaded network.

    Attributes:
        classes: Names of the K classes, in the order of the logits.

    Raises:
        UnsupportedModelError: As `ImageFace`.
    """

    kind = "logits"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.classes = self._output.classes

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
        none = np.empty((0, len(self.classes)), np.float32)
        return np.concatenate([none, *self._batches(images, batch_size)])

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
        return [ranked(row, self.classes, top) for row in self.classify(images)]


def ranked(logits: np.ndarray, classes: Sequence[str], top: int) -> list[Prediction]:
    """The most probable classes, the best first; of equal ones the earlier.

    Args:
        logits: float32 (K,).
        classes: K names.
        top: How many to name, at least 1; at most all are named.
    """
    row = logits.astype(np.float64)
    powers = np.exp(row - row.max())
    probabilities = powers / powers.sum()
    order = np.argsort(-row, kind="stable")[:top]
    return [Prediction(classes[index], float(probabilities[index])) for index in order]

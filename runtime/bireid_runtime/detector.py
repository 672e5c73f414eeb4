"""Images in, boxes out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from bireid_runtime.boxes import Boxes, decode, read_decoding
from bireid_runtime.crops import Crop
from bireid_runtime.errors import ArgumentError, UnsupportedModelError
from bireid_runtime.image_face import ImageFace
from bireid_runtime.letterbox import content_size
from bireid_runtime.session import Session


@dataclass(frozen=True)
class Detection:
    """One thing that was found in an image.

    Attributes:
        name: Name of its class.
        score: 0 to 1, the higher the surer.
        box: Left, top, right, bottom in pixels of the image, 0 at its edge.
    """

    name: str
    score: float
    box: tuple[float, float, float, float]


class Detector(ImageFace):
    """A network that finds things in an image. `Detector.open` opens it.

    Args:
        session: The loaded network.

    Attributes:
        classes: Names of the K classes.
        decoding: Thresholds and stride of the bundle.

    Raises:
        UnsupportedModelError: As `ImageFace`, or the map does not cover the input.
    """

    kind = "boxes"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.classes = self._output.classes
        self.decoding = read_decoding(self._output.details)
        covered = tuple(size * self.decoding.stride for size in self._output.shape[:2])
        if covered != self.preprocess.shape[:2]:
            raise UnsupportedModelError(
                f"{self.bundle.path}: the map '{self._output.name}' covers {covered} pixels, the "
                f"input has {self.preprocess.shape[:2]}; convert the network again"
            )

    @property
    def source(self) -> Path:
        """Where the network is, for messages."""
        return self.bundle.path

    def detect(
        self,
        images: Iterable[Crop],
        score_threshold: float | None = None,
        batch_size: int = 16,
    ) -> list[list[Detection]]:
        """Find things in images.

        Args:
            images: uint8 arrays `(H, W, C)` of any sizes, or paths of image files; three channels
                are RGB.
            score_threshold: Only higher scores count, 0 to 1; None takes that of the bundle.
            batch_size: Images per call of the engine, at least 1.

        Returns:
            Per image what was found, from the highest score on.

        Raises:
            ImageError: An image cannot be read or has an impossible shape; it is named.
            UnsupportedModelError: The model returned numbers that are not finite.
            ArgumentError: `batch_size` is below 1, or `score_threshold` is out of range.
        """
        return [
            [
                Detection(self.classes[label], float(score), tuple(corners))
                for corners, score, label in zip(
                    each.corners.tolist(), each.scores, each.labels, strict=True
                )
            ]
            for each in self.boxes(images, score_threshold, batch_size)
        ]

    def boxes(
        self,
        images: Iterable[Crop],
        score_threshold: float | None = None,
        batch_size: int = 16,
    ) -> list[Boxes]:
        """As `detect`, in arrays."""
        decoding = self.decoding
        if score_threshold is not None:
            if not 0 <= score_threshold <= 1:
                raise ArgumentError(f"score_threshold is {score_threshold}; it must lie in 0..1")
            decoding = replace(decoding, score_threshold=score_threshold)
        found = []
        for batch, maps in self._images_and_rows(images, batch_size):
            for image, values in zip(batch, maps, strict=True):
                size = (image.shape[0], image.shape[1])
                found.append(decode(values, decoding, self._content(size), size))
        return found

    def _content(self, size: tuple[int, int]) -> tuple[int, int]:
        spec = self.preprocess
        return content_size(spec.fit, size, (spec.height, spec.width))

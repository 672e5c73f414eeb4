"""Frames in, the box of one target out."""

from collections.abc import Sequence

import numpy as np

from bireid_runtime.crops import Crop, numbered_batches
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.following import Follower, TrackedBox
from bireid_runtime.image_face import ImageFace
from bireid_runtime.matching import read_matching
from bireid_runtime.session import Session


class Tracker(ImageFace):
    """A network that follows one target from frame to frame. `Tracker.open` opens it.

    Args:
        session: The loaded network.

    Attributes:
        matching: The constants of the bundle.

    Raises:
        UnsupportedModelError: As `ImageFace`, or the map does not cover the input.
    """

    kind = "correlation"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.matching = read_matching(self._output.details)
        covered = tuple(size * self.matching.stride for size in self._output.shape[:2])
        if covered != self.preprocess.shape[:2]:
            raise UnsupportedModelError(
                f"{self.bundle.path}: the map '{self._output.name}' covers {covered} pixels, the "
                f"input has {self.preprocess.shape[:2]}; convert the network again"
            )
        self._follower = Follower(self._maps, self.matching, self.preprocess.height)

    def start(self, frame: Crop, box: Sequence[float]) -> None:
        """Take a target; a former one is forgotten.

        Args:
            frame: uint8 `(H, W, C)` of any size, or the path of an image file; three channels are
                RGB.
            box: Left, top, width and height of the target in pixels, 0 at the edge of the frame.

        Raises:
            ImageError: The frame cannot be read or has an impossible shape.
            ArgumentError: The box is none, its middle lies outside the frame, or it is too large.
            UnsupportedModelError: The model returned numbers that are not finite.
        """
        self._follower.start(self._loaded(frame), box)

    def update(self, frame: Crop) -> TrackedBox:
        """Find the target in the next frame.

        Args:
            frame: As for `start`, of the same size.

        Raises:
            ImageError: As `start`, or the frame has another size than the first one.
            ArgumentError: `start` was not called.
            UnsupportedModelError: As `start`.
        """
        return self._follower.update(self._loaded(frame))

    def _loaded(self, frame: Crop) -> np.ndarray:
        ((_, (image,)),) = numbered_batches([frame], self._input, 1)
        return image

    def _maps(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate(list(self._batches(crops, len(crops))))

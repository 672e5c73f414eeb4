"""From boxes as files give them to boxes that can be learned and measured; all is counted."""

from collections.abc import Iterable, Sequence

import numpy as np

from bireid_deploy.data.annotated.dataset import AnnotatedImage, RawBox, RawImage

# VOC counts pixels from 1, many of its imitators from 0: so much beyond the edge is no mistake.
_CONVENTION = 1.0

_EMPTY, _OUTSIDE = "without an area", "outside their image"
_CLIPPED, _OTHER = "beyond the edge of their image", "of other classes"


class Cleaning:
    """Keeps the boxes of some classes, clips them, and counts what it does.

    Args:
        classes: Names of the classes to keep, in the order of their labels.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self._labels = {name: label for label, name in enumerate(classes)}
        self._counts: dict[str, int] = {}
        self._first: dict[str, str] = {}

    def images(self, images: Iterable[RawImage]) -> tuple[AnnotatedImage, ...]:
        """All images of a split, those without a box too."""
        return tuple(self._image(image) for image in images)

    def remarks(self) -> tuple[str, ...]:
        """What was done, a line each."""
        done = {_CLIPPED: "clipped"}
        return tuple(
            f"{count} box{'es' if count > 1 else ''} {what} {done.get(what, 'left out')} "
            f"(first in {self._first[what]})"
            for what, count in self._counts.items()
        )

    def _image(self, image: RawImage) -> AnnotatedImage:
        limit = np.array([image.width, image.height] * 2, np.float64)
        kept: list[tuple[RawBox, np.ndarray]] = []
        for box in image.boxes:
            corners = np.array(box.corners, np.float64)
            inside = np.clip(corners, 0, limit)
            if (reason := self._refusal(box, corners, inside)) is not None:
                self._count(reason, image)
                continue
            if np.abs(inside - corners).max() > _CONVENTION:
                self._count(_CLIPPED, image)
            kept.append((box, inside))
        corners = np.array([corners for _, corners in kept]).reshape(-1, 4)
        sizes = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
        areas = [
            size if box.area is None else box.area
            for (box, _), size in zip(kept, sizes.tolist(), strict=True)
        ]
        return AnnotatedImage(
            image.path,
            image.height,
            image.width,
            corners,
            np.array([self._labels[box.name] for box, _ in kept], np.int64),
            np.array([box.ignored for box, _ in kept], bool),
            np.array(areas, np.float64),
        )

    def _refusal(self, box: RawBox, corners: np.ndarray, inside: np.ndarray) -> str | None:
        if box.name not in self._labels:
            return _OTHER
        if (corners[2:] <= corners[:2]).any():
            return _EMPTY
        return _OUTSIDE if (inside[2:] <= inside[:2]).any() else None

    def _count(self, what: str, image: RawImage) -> None:
        self._counts[what] = self._counts.get(what, 0) + 1
        self._first.setdefault(what, image.path.name)

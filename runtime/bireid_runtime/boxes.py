"""From the map of a detector to boxes: decoding and non-maximum suppression.

Everything is computed in float64 by additions, multiplications, divisions and powers of two, which
every machine rounds alike, so that `runtime/native/engine/boxes.cc` finds the same bits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bireid_runtime.exact_functions import LARGEST, exp, sigmoid
from bireid_runtime.manifest import Section

SIDES = 4
"""Channels behind the classes: left, top, right, bottom."""

MAX_STRIDE = 1024
MAX_BOXES = 10_000
# exp(5) strides are further than any input is wide.
_LARGEST_SIDE = 5.0


@dataclass(frozen=True)
class Decoding:
    """How a map becomes boxes, the entry `decode` of an output of the kind `boxes`.

    Attributes:
        stride: Pixels of the network's input from one cell to the next.
        score_threshold: Only higher scores make a box, 0 to 1.
        iou_threshold: A box that overlaps a better one of its class by more is dropped, 0 to 1.
        max_boxes: How many boxes of an image are kept at most.
    """

    stride: int = 16
    score_threshold: float = 0.3
    iou_threshold: float = 0.5
    max_boxes: int = 100

    def to_manifest(self) -> dict[str, Any]:
        """Return the record as it stands in the manifest of a bundle."""
        return {
            "stride": self.stride,
            "score_threshold": self.score_threshold,
            "iou_threshold": self.iou_threshold,
            "max_boxes": self.max_boxes,
        }

    @classmethod
    def from_manifest(cls, section: Section) -> "Decoding":
        """Read the record, untrusted.

        Raises:
            BundleError: A key is missing, unknown or out of range; it is named.
        """
        section.refuse_unknown(cls.__dataclass_fields__)
        shares = {}
        for key in ("score_threshold", "iou_threshold"):
            shares[key] = section.number(key)
            if not 0 <= shares[key] <= 1:
                raise section.error(key, "must lie in 0..1")
        return cls(
            stride=section.integer("stride", 1, MAX_STRIDE),
            max_boxes=section.integer("max_boxes", 1, MAX_BOXES),
            **shares,
        )


@dataclass(frozen=True, eq=False)
class Boxes:
    """The boxes in one image, from the highest score on.

    Attributes:
        corners: float32 (N, 4): left, top, right, bottom in pixels of the image, 0 at its edge.
        scores: float32 (N,), 0 to 1.
        labels: int32 (N,), position of the class.
    """

    corners: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


def decode(
    values: np.ndarray,
    decoding: Decoding,
    content: tuple[int, int],
    image: tuple[int, int],
) -> Boxes:
    """Turn the map of one image into boxes.

    A score is the sigmoid of a class channel. A box reaches `stride * exp(o)` to each side of the
    middle of its cell, with o of at most 5. It is brought to the image and clipped; without an area
    it is dropped. Suppression is greedy: from the highest score on, of equal ones the lower cell
    and then the lower class first, a box drops all of its class that overlap it too far.

    Args:
        values: float32 (H, W, K + 4), finite: K classes, then left, top, right, bottom.
        decoding: Stride and thresholds.
        content: Rows and columns that the image takes of the network's input, from its corner.
        image: (height, width) of the image, pixels.
    """
    rows, columns, channels = values.shape
    classes = channels - SIDES
    flat = values.reshape(rows * columns, channels).astype(np.float64)
    scores = sigmoid(flat[:, :classes]).astype(np.float32).reshape(-1)
    chosen = np.flatnonzero(scores.astype(np.float64) > decoding.score_threshold)
    cells, labels = np.divmod(chosen, classes)
    corners = _corners(flat[cells, classes:], cells, columns, decoding.stride, content, image)
    real = (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
    corners, scores, labels = corners[real], scores[chosen][real], labels[real]
    kept = suppress(corners, scores, labels, decoding.iou_threshold, decoding.max_boxes)
    return Boxes(corners[kept], scores[kept], labels[kept].astype(np.int32))


def suppress(
    corners: np.ndarray, scores: np.ndarray, labels: np.ndarray, iou_threshold: float, limit: int
) -> np.ndarray:
    """Greedy non-maximum suppression within each class.

    Args:
        corners: float32 (N, 4), left, top, right, bottom, of positive area.
        scores: float32 (N,).
        labels: int (N,).
        iou_threshold: Boxes of a class that overlap by more do not stay together.
        limit: How many boxes stay at most.

    Returns:
        int64 (M,), rows of the boxes that stay, from the highest score on.
    """
    kept: list[int] = []
    left = np.ones(len(scores), bool)
    wide = corners.astype(np.float64)
    for index in np.argsort(-scores, kind="stable"):
        if not left[index]:
            continue
        kept.append(int(index))
        if len(kept) == limit:
            break
        left &= (labels != labels[index]) | (iou(wide[index : index + 1], wide)[0] <= iou_threshold)
    return np.array(kept, np.int64)


def iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection over union of every box of one set with every box of another.

    Args:
        first: float64 (N, 4), left, top, right, bottom, of positive area.
        second: float64 (M, 4).

    Returns:
        float64 (N, M).
    """
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = np.maximum(high - low, 0.0)
    shared = sides[..., 0] * sides[..., 1]
    union: np.ndarray = shared / (_area(first)[:, None] + _area(second)[None, :] - shared)
    return union


def _area(corners: np.ndarray) -> np.ndarray:
    area: np.ndarray = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    return area


def _corners(
    sides: np.ndarray,
    cells: np.ndarray,
    columns: int,
    stride: int,
    content: tuple[int, int],
    image: tuple[int, int],
) -> np.ndarray:
    reach = stride * exp(np.clip(sides, -LARGEST, _LARGEST_SIDE))
    row, column = np.divmod(cells, columns)
    middle = np.stack([column + 0.5, row + 0.5], axis=1) * stride
    scale = np.array([image[1] / content[1], image[0] / content[0]])
    limit = np.array([image[1], image[0]], np.float64)
    low = np.clip((middle - reach[:, :2]) * scale, 0.0, limit)
    high = np.clip((middle + reach[:, 2:]) * scale, 0.0, limit)
    return np.concatenate([low, high], axis=1).astype(np.float32)


def read_decoding(details: Mapping[str, Any]) -> Decoding:
    """The record of an output whose manifest was checked."""
    return Decoding(**details["decode"])

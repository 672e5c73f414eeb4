"""Boxes that were found and boxes that are there, as the metrics of detectors take them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class TrueBoxes:
    """What is in one image.

    Attributes:
        corners: float64 (N, 4): left, top, right, bottom in pixels.
        labels: int64 (N,), classes from 0.
        ignored: bool (N,): finding such a box is neither right nor wrong (`difficult` of VOC,
            `iscrowd` of COCO).
        areas: float64 (N,), pixels; COCO sorts by them into small, medium and large.
    """

    corners: np.ndarray
    labels: np.ndarray
    ignored: np.ndarray
    areas: np.ndarray


@dataclass(frozen=True, eq=False)
class FoundBoxes:
    """What a detector found in one image.

    Attributes:
        corners: float (N, 4), as of `TrueBoxes`.
        scores: float (N,).
        labels: int (N,).
    """

    corners: np.ndarray
    scores: np.ndarray
    labels: np.ndarray

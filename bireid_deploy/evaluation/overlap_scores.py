"""What the boxes of a tracker are worth: success and precision of OTB, AO and SR of GOT-10k.

As got-10k/toolkit 956e728 computes them: boxes are left, top, width, height as the files give them,
continuous, without a pixel added.
"""

from dataclasses import dataclass

import numpy as np

OVERLAPS = np.linspace(0, 1, 21)
"""Thresholds of success; more than one of them counts."""

ERRORS = np.arange(51)
"""Thresholds of precision in pixels; up to one of them counts."""

_PRECISION_AT = 20
_TINY = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class OtbScores:
    """Of one sequence; all are shares of its frames, the first one included.

    Attributes:
        success: Mean over `OVERLAPS`; a perfect tracker has 20/21, for no IoU is above 1.
        precision: Share of frames whose centre is at most 20 pixels off.
        success_rate: Share of frames of an IoU above 0.5.
    """

    success: float
    precision: float
    success_rate: float


@dataclass(frozen=True)
class Got10kScores:
    """Of any number of frames, first frames and those without a visible target left out.

    Attributes:
        average_overlap: Mean IoU.
        success_50: Share of frames of an IoU above 0.5.
        success_75: Of one above 0.75.
    """

    average_overlap: float
    success_50: float
    success_75: float


def overlaps(
    first: np.ndarray, second: np.ndarray, bound: tuple[float, float] | None = None
) -> np.ndarray:
    """IoU of boxes, row by row.

    Args:
        first: float64 (N, 4), left, top, width, height.
        second: float64 (N, 4).
        bound: Width and height of the frames, to which both are clipped as they are.

    Returns:
        float64 (N,), 0 to 1.
    """
    if bound is not None:
        first, second = _clipped(first, bound), _clipped(second, bound)
    low = np.maximum(first[:, :2], second[:, :2])
    high = np.minimum(first[:, :2] + first[:, 2:], second[:, :2] + second[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    union = np.prod(first[:, 2:], axis=1) + np.prod(second[:, 2:], axis=1) - shared
    found: np.ndarray = np.clip(shared / (union + _TINY), 0, 1)
    return found


def center_errors(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Distance of the centres of boxes, row by row: float64 (N,) in pixels."""
    centers = [each[:, :2] + (each[:, 2:] - 1) / 2 for each in (first, second)]
    distance: np.ndarray = np.sqrt(((centers[0] - centers[1]) ** 2).sum(axis=1))
    return distance


def otb_scores(found: np.ndarray, true: np.ndarray) -> OtbScores:
    """Measure one sequence; its first frame counts, and the box found there is the true one.

    Args:
        found: float64 (N, 4).
        true: float64 (N, 4); frames with NaN do not count.
    """
    found = found.copy()
    found[0] = true[0]
    marked = ~np.isnan(true).any(axis=1)
    found, true = found[marked], true[marked]
    iou = overlaps(found, true)
    errors = center_errors(found, true)
    curve = (iou[:, None] > OVERLAPS[None, :]).mean(axis=0)
    return OtbScores(
        float(curve.mean()),
        float((errors[:, None] <= ERRORS[None, :]).mean(axis=0)[_PRECISION_AT]),
        float((iou > 0.5).mean()),
    )


def got10k_overlaps(
    found: np.ndarray, true: np.ndarray, visible: np.ndarray, bound: tuple[float, float] | None
) -> np.ndarray:
    """IoU of those frames of a sequence that count, float64 (M,); the first one never does.

    Args:
        found: float64 (N, 4).
        true: float64 (N, 4); frames with NaN do not count.
        visible: float64 (N,), share of the target that can be seen; frames with none do not count.
        bound: As for `overlaps`.
    """
    counts = (visible > 0) & ~np.isnan(true).any(axis=1)
    counts[0] = False
    return overlaps(found[counts], true[counts], bound)


def got10k_scores(iou: np.ndarray) -> Got10kScores:
    """Of the frames of all sequences, pooled; NaN of none."""
    if not len(iou):
        return Got10kScores(float("nan"), float("nan"), float("nan"))
    return Got10kScores(float(iou.mean()), float((iou > 0.5).mean()), float((iou > 0.75).mean()))


def _clipped(boxes: np.ndarray, bound: tuple[float, float]) -> np.ndarray:
    limit = np.array(bound)
    corner = np.clip(boxes[:, :2], 0, limit)
    return np.concatenate([corner, np.clip(boxes[:, 2:], 0, limit - corner)], axis=1)

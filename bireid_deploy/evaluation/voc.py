"""Average precision as PASCAL VOC defines it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bireid_deploy.evaluation.box_sets import FoundBoxes, TrueBoxes

# 3 / 10 must reach the point 0.30000000000000004 of the eleven.
_SLACK = 1e-9


@dataclass(frozen=True)
class VocPrecision:
    """Average precision of one class; NaN of a class that no image holds.

    Attributes:
        eleven_point: Mean of the best precision at recall 0, 0.1 .. 1 or more (until 2009).
        area: Area under the precision that falls monotonely with recall (from 2010 on).
        boxes: True boxes of the class, the ignored ones left out.
    """

    eleven_point: float
    area: float
    boxes: int


def voc_precision(
    found: Sequence[FoundBoxes],
    true: Sequence[TrueBoxes],
    label: int,
    threshold: float = 0.5,
    *,
    inclusive: bool = False,
) -> VocPrecision:
    """Average precision of one class over a set of images.

    From the highest score on, each detection takes the true box that it overlaps most. It is right
    if that overlap is above the threshold and the box was not taken before.

    Args:
        found: Per image what was found.
        true: Per image what is there.
        label: The class.
        threshold: Intersection over union that a right detection exceeds.
        inclusive: Whether the right and lower pixel belong to a box, as in VOC's own program.
    """
    boxes = sum(int(((each.labels == label) & ~each.ignored).sum()) for each in true)
    if boxes == 0:
        return VocPrecision(float("nan"), float("nan"), 0)
    scores, verdicts = [np.zeros(0)], [np.zeros(0)]
    for one, other in zip(found, true, strict=True):
        mine = one.labels == label
        order = np.argsort(-one.scores[mine], kind="stable")
        scores.append(one.scores[mine][order])
        verdicts.append(_verdicts(one.corners[mine][order], other, label, threshold, inclusive))
    order = np.argsort(-np.concatenate(scores), kind="stable")
    verdict = np.concatenate(verdicts)[order]
    right, wrong = np.cumsum(verdict == 1), np.cumsum(verdict == -1)
    counted = verdict != 0
    right, wrong = right[counted], wrong[counted]
    recall, precision = right / boxes, right / np.maximum(right + wrong, 1)
    return VocPrecision(eleven_point(recall, precision), area(recall, precision), boxes)


def eleven_point(recall: np.ndarray, precision: np.ndarray) -> float:
    """Mean over t = 0, 0.1 .. 1 of the best precision at a recall of t or more.

    Args:
        recall: float64 (N,), rising.
        precision: float64 (N,), at those.
    """
    points = np.arange(11) / 10
    best = [precision[recall >= point - _SLACK].max(initial=0.0) for point in points]
    return float(np.mean(best))


def area(recall: np.ndarray, precision: np.ndarray) -> float:
    """Area under the monotone envelope of the precision; arguments as of `eleven_point`."""
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * envelope))


def _verdicts(
    corners: np.ndarray, true: TrueBoxes, label: int, threshold: float, inclusive: bool
) -> np.ndarray:
    """1 for a right detection, -1 for a wrong one, 0 for one of an ignored box."""
    mine = true.labels == label
    targets, ignored = true.corners[mine], true.ignored[mine]
    verdicts = np.full(len(corners), -1)
    if not len(targets):
        return verdicts
    overlaps = _overlaps(corners.astype(np.float64), targets, 1.0 if inclusive else 0.0)
    taken = np.zeros(len(targets), bool)
    for index, row in enumerate(overlaps):
        best = int(np.argmax(row))
        if row[best] <= threshold:
            continue
        if ignored[best]:
            verdicts[index] = 0
        elif not taken[best]:
            verdicts[index], taken[best] = 1, True
    return verdicts


def _overlaps(first: np.ndarray, second: np.ndarray, extra: float) -> np.ndarray:
    """Intersection over union float64 (N, M); `extra` is added to every side."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.prod(np.maximum(high - low + extra, 0.0), axis=2)
    areas = [np.prod(each[:, 2:] - each[:, :2] + extra, axis=1) for each in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    overlap: np.ndarray = shared / np.maximum(union, np.finfo(np.float64).tiny)
    return overlap

"""How well tracks match the truth: MOTA, IDF1 and HOTA.

MOTA: Bernardin and Stiefelhagen, EURASIP JIVP 2008. IDF1: Ristani et al., arXiv:1609.01775. HOTA:
Luiten et al., arXiv:2009.07736. The numbers are those of TrackEval, without its classes and
distractors.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bireid_runtime.boxes import iou
from bireid_runtime.watching import assign

from bireid_deploy.data.mot import MotBoxes

_LEAST = 0.5
_ALPHAS = np.arange(0.05, 0.99, 0.05)
_EPSILON = np.finfo(float).eps


@dataclass(frozen=True)
class TrackScores:
    """Scores of one sequence, or of all frames of several cameras one after the other.

    Attributes:
        mota: 1 minus misses, false boxes and switches per box of the truth; may be below 0.
        idf1: F1 of boxes whose identity is right.
        hota: Mean over overlaps of the geometric mean of finding and associating, 0 to 1.
        det_a: Its part of finding.
        ass_a: Its part of associating.
        switches: How often somebody's number changes.
        missed: Boxes of the truth without one.
        false: Boxes without one of the truth.
        boxes: Boxes of the truth.
    """

    mota: float
    idf1: float
    hota: float
    det_a: float
    ass_a: float
    switches: int
    missed: int
    false: int
    boxes: int


def score_tracks(frames: Sequence[tuple[MotBoxes, MotBoxes]]) -> TrackScores:
    """Score tracks.

    Args:
        frames: Per frame the truth and what was found; numbers are those of people and tracks.
    """
    truth_numbers, found_numbers = (
        np.unique(np.concatenate([each[side].numbers for each in frames] or [np.empty(0, int)]))
        for side in (0, 1)
    )
    rows = [
        (
            np.searchsorted(truth_numbers, truth.numbers),
            np.searchsorted(found_numbers, found.numbers),
            iou(truth.corners, found.corners),
        )
        for truth, found in frames
    ]
    shape = (len(truth_numbers), len(found_numbers))
    missed, false, switches = _clear(rows, shape)
    boxes = sum(len(truth) for truth, _, _ in rows)
    found_boxes = sum(len(found) for _, found, _ in rows)
    hota, det_a, ass_a = _hota(rows, shape)
    return TrackScores(
        mota=1 - (missed + false + switches) / max(1, boxes),
        idf1=_idf1(rows, shape, boxes, found_boxes),
        hota=hota,
        det_a=det_a,
        ass_a=ass_a,
        switches=switches,
        missed=missed,
        false=false,
        boxes=boxes,
    )


_Row = tuple[np.ndarray, np.ndarray, np.ndarray]


def _clear(rows: Sequence[_Row], shape: tuple[int, int]) -> tuple[int, int, int]:
    """Misses, false boxes and switches."""
    missed = false = switches = 0
    last = np.full(shape[0], -1)  # the track that a person had last
    held = np.full(shape[0], -1)  # that of the frame before
    for truth, found, overlap in rows:
        # Who keeps a track is preferred to everything else.
        score = 1000.0 * (found[None, :] == held[truth][:, None]) + overlap
        score[overlap < _LEAST - _EPSILON] = 0
        people, tracks = assign(-score)
        real = score[people, tracks] > _EPSILON
        people, tracks = truth[people[real]], found[tracks[real]]
        switches += int(((last[people] >= 0) & (last[people] != tracks)).sum())
        last[people] = tracks
        held[:] = -1
        held[people] = tracks
        missed += len(truth) - len(people)
        false += len(found) - len(people)
    return missed, false, switches


def _idf1(rows: Sequence[_Row], shape: tuple[int, int], boxes: int, found_boxes: int) -> float:
    """2 IDTP / (boxes of both), with the one mapping of people to tracks that is best."""
    together = np.zeros(shape)
    for truth, found, overlap in rows:
        people, tracks = np.nonzero(overlap >= _LEAST)
        np.add.at(together, (truth[people], found[tracks]), 1)
    right = together[assign(-together)].sum()
    return float(2 * right / max(1, boxes + found_boxes))


def _hota(rows: Sequence[_Row], shape: tuple[int, int]) -> tuple[float, float, float]:
    """HOTA, DetA and AssA, each the mean over the thresholds of overlap."""
    truth_count, found_count = np.zeros(shape[0]), np.zeros(shape[1])
    shared = np.zeros(shape)
    for truth, found, overlap in rows:
        # Two tracks of a frame may have one number, where both are taken for one person.
        np.add.at(truth_count, truth, 1)
        np.add.at(found_count, found, 1)
        sums = overlap.sum(axis=0)[None, :] + overlap.sum(axis=1)[:, None] - overlap
        part = np.divide(overlap, sums, out=np.zeros_like(overlap), where=sums > _EPSILON)
        np.add.at(shared, np.ix_(truth, found), part)
    alike = shared / np.maximum(_EPSILON, truth_count[:, None] + found_count[None, :] - shared)
    matches = np.zeros((len(_ALPHAS), *shape))
    for truth, found, overlap in rows:
        people, tracks = assign(-(alike[np.ix_(truth, found)] * overlap))
        pairs = overlap[people, tracks]
        for index, alpha in enumerate(_ALPHAS):
            real = pairs >= alpha - _EPSILON
            np.add.at(matches[index], (truth[people[real]], found[tracks[real]]), 1)
    true = matches.sum(axis=(1, 2))
    everything = truth_count.sum() + found_count.sum() - true
    det_a = true / np.maximum(1, everything)
    either = truth_count[:, None] + found_count[None, :] - matches
    ass_a = (matches * matches / np.maximum(1, either)).sum(axis=(1, 2)) / np.maximum(1, true)
    return tuple(float(each.mean()) for each in (np.sqrt(det_a * ass_a), det_a, ass_a))  # type: ignore[return-value]

"""False-match and true-positive rates at thresholds, with intervals over people.

Names of ISO/IEC 19795-1: FMR, the share of comparisons of two people that reach the threshold; TPR,
1 - FNMR, the share of comparisons of one person that do.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bireid_deploy.evaluation.comparisons import Block

EDGES = np.arange(-2000, 2001) / 2000
"""Thresholds that are tried."""
RESAMPLES = 1000
LEAST_PEOPLE = 10
"""People whom false matches must come from, before a rate means something."""
_SEED = 0

Blocks = Callable[[], Iterable[Block]]


@dataclass(frozen=True)
class Rate:
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ThresholdRow:
    """What a threshold does.

    Attributes:
        target: The false-match rate that was asked for.
        threshold: The lowest score that keeps to it.
        fmr: False-match rate.
        tpr: True-positive rate.
    """

    target: float
    threshold: float
    fmr: Rate
    tpr: Rate

    def to_json(self) -> dict[str, Any]:
        """JSON-serialisable."""
        return {
            "target": self.target,
            "threshold": self.threshold,
            "fmr": vars(self.fmr),
            "tpr": vars(self.tpr),
        }


@dataclass(frozen=True, eq=False)
class Histograms:
    """How many comparisons have a score between two `EDGES`: of one person, and of two.

    Attributes:
        mates: int64 (4000,).
        strangers: int64 (4000,).
    """

    mates: NDArray[np.int64]
    strangers: NDArray[np.int64]

    def lowest_threshold(self, fmr: float) -> float | None:
        """The lowest edge with that false-match rate or less; None if there is none."""
        above = np.append(np.cumsum(self.strangers[::-1])[::-1], 0)
        fitting = np.flatnonzero(above <= fmr * max(above[0], 1))
        # No score lies at 1 or above but those that rounding left there.
        return None if fitting[0] >= len(EDGES) - 1 else float(EDGES[fitting[0]])

    @property
    def equal_error(self) -> tuple[float, float]:
        """Equal error rate, and its threshold."""
        above = np.cumsum(self.strangers[::-1])[::-1] / max(self.strangers.sum(), 1)
        below = 1 - np.cumsum(self.mates[::-1])[::-1] / max(self.mates.sum(), 1)
        place = int(np.argmin(np.abs(above - below)))
        return float((above[place] + below[place]) / 2), float(EDGES[place])


def histograms(blocks: Blocks) -> Histograms:
    """Count scores."""
    counts = np.zeros((2, len(EDGES) - 1), np.int64)
    for block in blocks():
        same = block.rows[:, None] == block.columns[None]
        for place, wanted in enumerate((block.valid & same, block.valid & ~same)):
            bins = np.searchsorted(EDGES, block.scores[wanted], side="right") - 1
            counts[place] += np.bincount(np.clip(bins, 0, len(EDGES) - 2), minlength=len(EDGES) - 1)
    return Histograms(counts[0], counts[1])


def threshold_rows(
    blocks: Blocks, scores: Histograms, people: int, targets: Sequence[float]
) -> tuple[list[ThresholdRow], list[tuple[float, str]]]:
    """What the data say about false-match rates.

    The interval draws people with replacement, each with all comparisons (1,000 draws by a fixed
    seed): comparisons of one person are alike, and intervals over single ones would claim ten times
    too much.

    Args:
        blocks: Comparisons.
        scores: Their histograms.
        people: P.
        targets: False-match rates, descending.

    Returns:
        Rows, and the targets that the data cannot support, each with the reason.
    """
    pairs, wanted = None, []
    refused: list[tuple[float, str]] = []
    for target in targets:
        threshold = scores.lowest_threshold(target)
        if threshold is None:
            refused.append((target, "no score separates so few"))
        else:
            wanted.append((target, threshold))
    hits = [np.zeros((people, people)) for _ in wanted]
    pairs = np.zeros((people, people))
    for block in blocks():
        _count(block, block.valid, pairs)
        for (_, threshold), counted in zip(wanted, hits, strict=True):
            _count(block, block.valid & (block.scores >= threshold), counted)
    rows = []
    for (target, threshold), counted in zip(wanted, hits, strict=True):
        strangers = counted * (1 - np.eye(people))
        involved = int(((strangers + strangers.T).sum(axis=1) > 0).sum())
        fmr, tpr = _rates(counted, pairs)
        if involved < LEAST_PEOPLE:
            refused.append((target, f"false matches of {involved} people alone; bring more people"))
        elif fmr.low == 0:
            refused.append((target, "its interval reaches zero; bring more people"))
        else:
            rows.append(ThresholdRow(target, threshold, fmr, tpr))
    return rows, refused


def _count(block: Block, which: NDArray[np.bool_], into: NDArray[np.float64]) -> None:
    """Add to (identity, identity) how many pairs of a block are marked."""
    columns = np.zeros((len(block.rows), into.shape[1]))
    starts = np.flatnonzero(np.diff(block.columns, prepend=-1))
    columns[:, block.columns[starts]] = np.add.reduceat(which, starts, axis=1, dtype=np.float64)
    np.add.at(into, block.rows, columns)


def _rates(hits: NDArray[np.float64], pairs: NDArray[np.float64]) -> tuple[Rate, Rate]:
    people = len(hits)
    weights = (
        np.random.default_rng(_SEED)
        .multinomial(people, np.full(people, 1 / people), RESAMPLES)
        .astype(np.float64)
    )
    weights = np.concatenate([np.ones((1, people)), weights])
    own_hits, own_pairs = np.diag(hits), np.diag(pairs)
    others = 1 - np.eye(people)
    false = ((weights @ (hits * others)) * weights).sum(axis=1)
    strangers = ((weights @ (pairs * others)) * weights).sum(axis=1)
    return (
        _rate(false, strangers),
        _rate(weights @ own_hits, weights @ own_pairs),
    )


def _rate(found: NDArray[np.float64], of: NDArray[np.float64]) -> Rate:
    """The first is the data, the others are draws; a draw without comparisons says nothing."""
    shares = found[of > 0] / of[of > 0]
    low, high = np.percentile(shares[1:], (2.5, 97.5))
    return Rate(float(shares[0]), float(low), float(high))

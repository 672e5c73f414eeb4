"""Confidence intervals of rankings by bootstrap over people."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bireid_deploy.evaluation.ranking import RankingResult

RESAMPLES = 2000
_SEED = 0


@dataclass(frozen=True)
class RankingIntervals:
    """95 % intervals, each (low, high), shares from 0 to 1."""

    mean_average_precision: tuple[float, float]
    rank_1: tuple[float, float]


def ranking_intervals(
    result: RankingResult, person_ids: NDArray[np.int64], resamples: int = RESAMPLES
) -> RankingIntervals:
    """Percentile bootstrap: people are drawn with replacement, each with all of its queries.

    Queries of one person are alike, so that drawing single queries would claim too much.

    Args:
        result: Scores of one evaluation.
        person_ids: Person of each query, int64 (Q,).
        resamples: How many sets of people are drawn, by a fixed seed.

    Returns:
        The intervals; a single person gives (share, share).
    """
    valid = ~np.isnan(result.average_precisions)
    _, people = np.unique(person_ids[valid], return_inverse=True)
    counts = np.bincount(people).astype(np.float64)
    chosen = np.random.default_rng(_SEED).integers(0, len(counts), (resamples, len(counts)))
    weights = np.apply_along_axis(np.bincount, 1, chosen, minlength=len(counts))

    def interval(values: NDArray[np.float64]) -> tuple[float, float]:
        sums = np.bincount(people, weights=values[valid])
        low, high = np.percentile(weights @ sums / (weights @ counts), (2.5, 97.5))
        return float(low), float(high)

    hits = (result.first_ranks == 1).astype(np.float64)
    return RankingIntervals(interval(result.average_precisions), interval(hits))

"""Confidence intervals by bootstrap over people, or whatever else belongs together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bireid_deploy.evaluation.ranking import RankingResult

RESAMPLES = 2000
_SEED = 0

Interval = tuple[float, float]
"""95 %: (low, high)."""


@dataclass(frozen=True)
class RankingIntervals:
    """95 % intervals, each (low, high), shares from 0 to 1."""

    mean_average_precision: Interval
    rank_1: Interval


class GroupBootstrap:
    """Percentile bootstrap: groups are drawn with replacement, each with all of its items.

    Queries of one person are alike, so that drawing single queries would claim too much. Every
    instance draws the same groups for the same items: two models that were measured on them are
    paired, and the interval of their difference leaves out what is easy or hard for both.

    Args:
        groups: Group of each item, int64 (N,), such as the person of each query.
        resamples: How many sets of groups are drawn, by a fixed seed.
    """

    def __init__(self, groups: NDArray[np.int64], resamples: int = RESAMPLES) -> None:
        _, self._places = np.unique(groups, return_inverse=True)
        self._counts = np.bincount(self._places).astype(np.float64)
        self._count = len(self._counts)
        self._resamples = resamples

    def interval(self, values: NDArray[np.float64]) -> Interval:
        """95 % interval of the mean of values float64 (N,); a single group gives (mean, mean)."""
        sums = np.bincount(self._places, weights=values)
        generator = np.random.default_rng(_SEED)
        means = np.empty(self._resamples)
        # Drawn a few at a time: weights of 2000 sets of 10,000 groups are 160 MB.
        step = max(1, 2**20 // self._count)
        for start in range(0, self._resamples, step):
            stop = min(start + step, self._resamples)
            chosen = generator.integers(0, self._count, (stop - start, self._count))
            means[start:stop] = sums[chosen].sum(axis=1) / self._counts[chosen].sum(axis=1)
        low, high = np.percentile(means, (2.5, 97.5))
        return float(low), float(high)


def ranking_intervals(
    result: RankingResult, person_ids: NDArray[np.int64], resamples: int = RESAMPLES
) -> RankingIntervals:
    """Intervals over people of what a ranking found.

    Args:
        result: Scores of one evaluation.
        person_ids: Person of each query, int64 (Q,).
        resamples: How many sets of people are drawn, by a fixed seed.

    Returns:
        The intervals; a single person gives (share, share).
    """
    valid = ~np.isnan(result.average_precisions)
    people = GroupBootstrap(person_ids[valid], resamples)
    hits = (result.first_ranks == 1).astype(np.float64)
    return RankingIntervals(
        people.interval(result.average_precisions[valid]), people.interval(hits[valid])
    )

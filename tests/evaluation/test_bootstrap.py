import numpy as np
import pytest

from bireid_deploy.evaluation.bootstrap import ranking_intervals
from bireid_deploy.evaluation.ranking import RankingResult


def result(average_precisions, first_ranks):
    return RankingResult(
        mean_average_precision=float(np.nanmean(average_precisions)),
        cmc=np.ones(1),
        mean_inverse_negative_penalty=0.0,
        average_precisions=np.array(average_precisions, float),
        first_ranks=np.array(first_ranks, float),
        average_precision_definition="non-interpolated",
        reranking=None,
    )


def test_the_width_is_that_of_people_and_not_of_queries():
    """64 people, half of them always found: a mean of 64 coins, with any number of queries."""
    found = np.arange(64) % 2 == 0
    for queries in (1, 10):
        hits = found.repeat(queries)
        people = np.arange(64).repeat(queries)
        intervals = ranking_intervals(result(hits, np.where(hits, 1, 2)), people)
        low, high = intervals.rank_1
        assert low == pytest.approx(0.5 - 1.96 * 0.5 / 8, abs=0.02)
        assert high == pytest.approx(0.5 + 1.96 * 0.5 / 8, abs=0.02)
        assert intervals.mean_average_precision == intervals.rank_1


def test_people_weigh_as_many_queries_as_they_have():
    intervals = ranking_intervals(result([1, 1, 1, 0], [1, 1, 1, 3]), np.array([1, 1, 1, 2]))
    assert intervals.mean_average_precision == (0, 1)
    # Queries without a match stand outside, as in the mean.
    alone = ranking_intervals(result([0.25, np.nan], [4, np.nan]), np.array([1, 2]))
    assert alone.mean_average_precision == (0.25, 0.25)
    assert alone.rank_1 == (0, 0)

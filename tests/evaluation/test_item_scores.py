"""Pairing two models item by item."""

import numpy as np
import pytest

from bireid_deploy.evaluation.bootstrap import GroupBootstrap
from bireid_deploy.evaluation.item_scores import ItemScores, agreement

QUERIES, ANSWERS = 40, 30


def items(responses):
    return ItemScores(
        names=tuple(map(str, range(QUERIES))),
        groups=np.arange(QUERIES) // 2,
        group_name="people",
        values={"hit": np.ones(QUERIES)},
        answers=tuple(map(str, range(ANSWERS))),
        responses=None if responses is None else responses.__getitem__,
    )


@pytest.fixture
def responses():
    return np.random.default_rng(0).normal(size=(QUERIES, ANSWERS)).astype(np.float32)


def test_alike_and_opposite_models(responses):
    # Any rising function prefers the same answers in the same order.
    same = agreement(items(responses), items(np.exp(responses)))
    assert (same.same_first, same.rank_correlation) == (1, 1)
    opposite = agreement(items(responses), items(-responses))
    assert opposite.same_first == 0
    assert opposite.rank_correlation == pytest.approx(-1)


def test_the_correlation_is_spearmans_of_the_answers_that_take_part(responses):
    from scipy.stats import spearmanr

    other = responses + np.random.default_rng(1).normal(size=responses.shape).astype(np.float32)
    responses[:, 3], other[:, 3] = -np.inf, -np.inf
    kept = [column for column in range(ANSWERS) if column != 3]
    expected = [
        spearmanr(a[kept], b[kept]).statistic for a, b in zip(responses, other, strict=True)
    ]
    found = agreement(items(responses), items(other))
    assert found.rank_correlation == pytest.approx(np.mean(expected))
    assert found.same_first == np.mean(responses.argmax(axis=1) == other.argmax(axis=1))


def test_a_task_without_answers_has_no_agreement(responses):
    assert agreement(items(None), items(responses)) is None


def test_the_interval_of_a_difference_leaves_out_what_is_hard_for_both():
    generator = np.random.default_rng(0)
    groups = np.arange(60).repeat(4)
    hard = generator.normal(size=60).repeat(4)
    one, other = hard + 0.1, hard
    bootstrap = GroupBootstrap(groups)
    low, high = bootstrap.interval(one)
    assert high - low > 0.3
    assert bootstrap.interval(one - other) == pytest.approx((0.1, 0.1))

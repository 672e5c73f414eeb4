"""Means and confidence intervals."""

import pytest

from bireid_deploy.experiments.statistics import confidence_interval
from bireid_deploy.experiments.summary import percent


def test_the_interval_of_three_values_by_hand():
    interval = confidence_interval([1.0, 2.0, 6.0])
    assert interval.mean == pytest.approx(3.0)
    # s = sqrt(7), t(2) = 4.30265.
    assert interval.half_width == pytest.approx(4.30265 * (7 / 3) ** 0.5, rel=1e-5)
    assert interval.count == 3


def test_a_single_value_has_no_interval():
    interval = confidence_interval([0.5])
    assert (interval.mean, interval.half_width, interval.count) == (0.5, None, 1)


def test_equal_values_have_an_interval_of_no_width():
    assert confidence_interval([0.25, 0.25]).half_width == 0


def test_a_mean_that_rounds_to_nothing_has_no_minus():
    assert percent(confidence_interval([-0.0003])) == "0.0"
    assert percent(confidence_interval([-0.0003, -0.0003]), signed=True) == "+0.0 ± 0.0"

"""Means and confidence intervals."""

import pytest

from bireid_deploy.experiments.statistics import confidence_interval, student_t_quantile
from bireid_deploy.experiments.summary import percent


@pytest.mark.parametrize(
    ("confidence", "degrees", "expected"),
    [
        (0.95, 1, 12.7062),
        (0.95, 2, 4.30265),
        (0.95, 3, 3.18245),
        (0.95, 4, 2.77645),
        (0.95, 9, 2.26216),
        (0.95, 30, 2.04227),
        (0.99, 5, 4.03214),
        (0.50, 2, 0.816497),
    ],
)
def test_the_printed_table_of_students_t(confidence, degrees, expected):
    assert student_t_quantile(confidence, degrees) == pytest.approx(expected, rel=5e-6)


@pytest.mark.parametrize("degrees", range(1, 41))
def test_every_number_of_degrees_agrees_with_scipy(degrees):
    from scipy.stats import t

    assert student_t_quantile(0.95, degrees) == pytest.approx(t.ppf(0.975, degrees), rel=1e-12)


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

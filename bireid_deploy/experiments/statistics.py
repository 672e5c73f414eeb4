"""Mean and confidence interval over a few seeds."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence interval, mean - half_width to mean + half_width.

    Attributes:
        mean: Arithmetic mean.
        half_width: Half the width of the interval; None for a single value, which has none.
        count: Number of values.
    """

    mean: float
    half_width: float | None
    count: int


def confidence_interval(values: Sequence[float]) -> Interval:
    """The 95 % confidence interval of a mean by Student's t: t s / sqrt(n), n - 1 degrees.

    Args:
        values: Measurements, at least one.
    """
    count = len(values)
    mean = statistics.fmean(values)
    if count == 1:
        return Interval(mean, None, 1)
    from scipy.stats import t

    quantile = float(t.ppf((1 + CONFIDENCE) / 2, count - 1))
    return Interval(mean, quantile * statistics.stdev(values) / math.sqrt(count), count)

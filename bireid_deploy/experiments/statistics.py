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
    quantile = student_t_quantile(CONFIDENCE, count - 1)
    return Interval(mean, quantile * statistics.stdev(values) / math.sqrt(count), count)


def student_t_quantile(confidence: float, degrees: int) -> float:
    """The t for which a Student variable lies in [-t, t] with probability `confidence`.

    Args:
        confidence: Between 0 and 1.
        degrees: Degrees of freedom, at least 1.
    """
    low, high = 0.0, math.pi / 2
    # Bisection over an angle: 60 halvings leave 1e-18.
    for _ in range(60):
        middle = (low + high) / 2
        if _central_probability(middle, degrees) < confidence:
            low = middle
        else:
            high = middle
    return math.sqrt(degrees) * math.tan(low)


def _central_probability(angle: float, degrees: int) -> float:
    """P(|T| < sqrt(degrees) tan(angle)), Abramowitz and Stegun 26.7.3 and 26.7.4."""
    cosine = math.cos(angle)
    odd = degrees % 2
    # Terms cos^(2k + odd), each from the one before it.
    total, term = 0.0, cosine if odd else 1.0
    for exponent in range(odd, degrees - 1, 2):
        total += term
        term *= cosine**2 * (exponent + 1) / (exponent + 2)
    if odd:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total

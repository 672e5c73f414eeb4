"""Functions of float64 that every machine computes to the same bits.

Libraries of mathematics differ in the last bit. Here are only additions, multiplications and
divisions in a stated order; `runtime/native/engine/exact_functions.h` is the same.
"""

import numpy as np

LARGEST = 60.0
_LOG2_E = 1.4426950408889634
# Their sum is the natural logarithm of 2; a product of the first with a whole number is exact.
_LN2_HIGH, _LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10
_TERMS = 13


def exp(values: np.ndarray | float) -> np.ndarray:
    """The exponential function of numbers from -60 to 60, float64 of any shape or one."""
    power = np.floor(values * _LOG2_E + 0.5)
    rest = (values - power * _LN2_HIGH) - power * _LN2_LOW
    total = np.ones_like(rest)
    for term in range(_TERMS, 0, -1):
        total = total * rest / term + 1.0
    found: np.ndarray = np.ldexp(total, power.astype(np.int32))
    return found


def sigmoid(values: np.ndarray | float) -> np.ndarray:
    """`1 / (1 + exp(-x))`, float64 of any shape; beyond 60 as at 60."""
    share: np.ndarray = 1.0 / (1.0 + exp(-np.clip(values, -LARGEST, LARGEST)))
    return share

"""From two maps to the place of a target: correlation, enlargement, window, argmax.

Everything is computed in float64 by additions, multiplications and divisions in a stated order,
which every machine rounds alike, so that `runtime/native/engine/responses.cc` finds the same bits.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from bireid_runtime.matching import Matching

_PI = 3.141592653589793
# Of the sine's series; the last is below 1e-20 for a quarter of a turn.
_SINE_TERMS = 11
# The parameter a of the cubic kernel, as cv2.INTER_CUBIC has it.
_CUBIC = -0.75


class Place(NamedTuple):
    """Where a response is highest.

    Attributes:
        scale: Which of the sizes, from 0.
        row: Row of the enlarged response.
        column: Column of it.
        peak: The highest enlarged response of that size, before window and penalty.
    """

    scale: int
    row: int
    column: int
    peak: float


def exemplar_of(features: np.ndarray, matching: Matching) -> np.ndarray:
    """The exemplar in the map of a crop: float32 (e, e, C) of (H, W, C)."""
    part = slice(matching.exemplar_first, matching.exemplar_first + matching.exemplar_cells)
    return features[part, part].copy()


def searches_of(features: np.ndarray, matching: Matching) -> np.ndarray:
    """The cells that are searched, of every map: float32 (N, s, s, C) of (N, H, W, C)."""
    part = slice(matching.search_first, matching.search_first + matching.search_cells)
    return features[:, part, part]


def correlate(exemplar: np.ndarray, searches: np.ndarray) -> np.ndarray:
    """The sum of products of an exemplar with every place of a map.

    The products are exact; they are added cell by cell, row after row, and in each cell channel by
    channel.

    Args:
        exemplar: float32 (e, e, C).
        searches: float32 (N, s, s, C).

    Returns:
        float64 (N, s - e + 1, s - e + 1).
    """
    cells, channels = exemplar.shape[1:]
    count, side = searches.shape[:2]
    places = side - cells + 1
    wide = np.ascontiguousarray(np.moveaxis(searches, -1, 0), np.float64)
    factors = exemplar.astype(np.float64)
    # Behind the sum so far lie the products of one cell; NumPy adds along the first axis in order.
    terms = np.zeros((channels + 1, count, places, places))
    for row, column in np.ndindex(cells, cells):
        part = wide[:, :, row : row + places, column : column + places]
        np.multiply(part, factors[row, column, :, None, None, None], out=terms[1:])
        terms[0] = np.add.reduce(terms, axis=0)
    return terms[0].copy()


def upsample(responses: np.ndarray, times: int) -> np.ndarray:
    """Enlarge by cubic interpolation, as cv2.resize with INTER_CUBIC does: rows, then columns.

    Place x of the result lies at (x + 0.5) / times - 0.5; beyond the edge the edge goes on.

    Args:
        responses: float64 (N, n, n).
        times: How many times larger.

    Returns:
        float64 (N, n * times, n * times).
    """
    count = responses.shape[1]
    taps, weights = _cubic_taps(count, times)
    taller = np.empty((count * times, count))
    result = np.empty((len(responses), count * times, count * times))
    # One after the other, as large as a cache.
    for response, enlarged in zip(responses, result, strict=True):
        _interpolate(response, taps, weights[:, :, None], 0, taller)
        _interpolate(taller, taps, weights, 1, enlarged)
    return result


def seek(exemplar: np.ndarray, maps: np.ndarray, matching: Matching) -> Place:
    """Where an exemplar lies best in the maps of all sizes.

    Args:
        exemplar: float32 (e, e, C).
        maps: float32 (N, H, W, C), one per size.
        matching: How maps become places.
    """
    responses = correlate(exemplar, searches_of(maps, matching)) * matching.response_scale
    return locate(upsample(responses, matching.upsampling), matching)


def locate(responses: np.ndarray, matching: Matching) -> Place:
    """Choose the size and the place.

    The response of every size but the middle one is multiplied by the penalty; the first of the
    highest is chosen. From it the lowest value is taken, it is divided by its sum (added row after
    row), blended with the window, and the first of the highest places is the target's.

    Args:
        responses: float64 (N, n, n), enlarged, one per size.
        matching: Penalty and weight of the window.
    """
    middle = len(responses) // 2
    peaks = [float(each.max()) for each in responses]
    judged = [
        peak if index == middle else float((each * matching.scale_penalty).max())
        for index, (peak, each) in enumerate(zip(peaks, responses, strict=True))
    ]
    best = int(np.argmax(judged))
    chosen = responses[best]
    if best != middle:
        chosen = chosen * matching.scale_penalty
    chosen = chosen - chosen.min()
    total = float(np.cumsum(chosen.reshape(-1))[-1])
    # A response without any height says nothing: the window decides alone.
    if total > 0:
        chosen = chosen / total
    blended = (1.0 - matching.window_weight) * chosen + matching.window_weight * hann_window(
        len(chosen)
    )
    row, column = divmod(int(np.argmax(blended)), len(chosen))
    return Place(best, row, column, peaks[best])


@lru_cache(maxsize=4)
def hann_window(side: int) -> np.ndarray:
    """The outer product of two Hann windows, divided by its sum: float64 (side, side)."""
    half = (side + 1) // 2
    rising = _sine(_PI * np.arange(half) / (side - 1)) ** 2
    # Every place has the height of its mirror image.
    heights = np.concatenate([rising, rising[: side - half][::-1]])
    window = heights[:, None] * heights[None, :]
    window = window / float(np.cumsum(window.reshape(-1))[-1])
    window.flags.writeable = False
    return window


def _interpolate(
    values: np.ndarray, taps: np.ndarray, weights: np.ndarray, axis: int, total: np.ndarray
) -> None:
    """Write the weighted sum of four neighbours along an axis to `total`, in their order."""
    part = np.empty_like(total)
    for tap in range(4):
        into = part if tap else total
        # All places are inside; the mode spares NumPy a copy.
        np.take(values, taps[:, tap], axis=axis, out=into, mode="clip")
        into *= weights[:, tap]
        if tap:
            total += part


@lru_cache(maxsize=4)
def _cubic_taps(count: int, times: int) -> tuple[np.ndarray, np.ndarray]:
    """Per place its four neighbours int64 (count * times, 4), and their weights float64."""
    place = (np.arange(count * times) + 0.5) / times - 0.5
    first = np.floor(place)
    x = place - first
    a = _CUBIC
    far = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    after = ((a + 2) * (1 - x) - (a + 3)) * (1 - x) * (1 - x) + 1
    weights = np.stack([far, near, after, 1 - far - near - after], axis=1)
    taps = np.clip(first.astype(np.int64)[:, None] + np.arange(-1, 3), 0, count - 1)
    return taps, weights


def _sine(angle: np.ndarray) -> np.ndarray:
    """Of angles from 0 to half of pi, by its series."""
    square = angle * angle
    total = np.ones_like(angle)
    for term in range(_SINE_TERMS, 0, -1):
        total = 1.0 - total * square / (2 * term * (2 * term + 1))
    return angle * total

"""Rates of a gallery of N people, for probes of people who may not be in it (NIST's 1:N names).

FPIR(N, t): the share of probes of people who are not enrolled whose best score among N people
reaches t. FNIR(N, 1, t): the share of probes of enrolled people whose own person is not first or
stays below t.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bireid_deploy.evaluation.comparisons import Comparisons
from bireid_deploy.evaluation.error_rates import EDGES


@dataclass(frozen=True)
class OpenSetRow:
    """A gallery of `n` people with a threshold for `target` as its FPIR."""

    n: int
    target: float
    threshold: float
    fpir: float
    fnir: float

    def to_json(self) -> dict[str, Any]:
        """JSON-serialisable."""
        return vars(self)


def open_set_rows(
    comparisons: Comparisons, sizes: Sequence[int], targets: Sequence[float]
) -> list[OpenSetRow]:
    """Expected rates over all galleries of N of the people at hand, in closed form.

    Of M strangers k have a score of t or more; of the galleries of N of them the share without any
    of the k is C(M - k, N) / C(M, N).

    Args:
        comparisons: People under cameras; probes meet the means of other cameras' images.
        sizes: N; those above the people at hand are left out.
        targets: FPIR.
    """
    probes = _Probes(comparisons)
    rows = []
    for size in sizes:
        if size > probes.strangers:
            continue
        for target in targets:
            low, high = 0, len(EDGES) - 1
            while low < high:
                middle = (low + high) // 2
                if probes.fpir(size, float(EDGES[middle])) <= target:
                    high = middle
                else:
                    low = middle + 1
            threshold = float(EDGES[low])
            rows.append(
                OpenSetRow(
                    size,
                    target,
                    threshold,
                    probes.fpir(size, threshold),
                    probes.fnir(size, threshold),
                )
            )
    return rows


class _Probes:
    """Scores of probes: with their own person, and with all strangers, ascending."""

    def __init__(self, comparisons: Comparisons) -> None:
        own, strangers = [], []
        for block in comparisons.images_with_people():
            scores = np.where(block.valid, block.scores, -np.inf)
            rows = np.arange(len(block.rows))
            own.append(scores[rows, block.rows].copy())
            scores[rows, block.rows] = -np.inf
            # The own person goes first, before all others, and is cut off.
            strangers.append(np.sort(scores, axis=1)[:, 1:])
        self._own = np.concatenate(own)
        self._others = np.concatenate(strangers)
        self.strangers = self._others.shape[1]

    def fpir(self, size: int, threshold: float) -> float:
        above = (self._others >= threshold).sum(axis=1)
        return float((1 - self._none_of(above, size)).mean())

    def fnir(self, size: int, threshold: float) -> float:
        enrolled = np.isfinite(self._own)
        better = (self._others[enrolled] > self._own[enrolled, None]).sum(axis=1)
        found = self._none_of(better, size - 1) * (self._own[enrolled] >= threshold)
        return float((1 - found).mean())

    def _none_of(self, above: NDArray[np.int64], size: int) -> NDArray[np.float64]:
        """The share of galleries of `size` strangers without any of so many."""
        total = self.strangers
        factors = np.log(np.maximum(total - above[:, None] - np.arange(size)[None], 1e-300))
        shares = np.exp(factors.sum(axis=1) - np.log(total - np.arange(size)).sum())
        return np.where(above > total - size, 0.0, shares)

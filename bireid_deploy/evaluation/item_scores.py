"""What a model made of every item of a test set, so that two models can be paired."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Ranks of 256 items say as much of two models as those of all, and a large gallery takes long.
_CORRELATED_ITEMS = 256


@dataclass(frozen=True, eq=False)
class ItemScores:
    """The items behind the scores of one evaluation.

    Attributes:
        names: What each item is called: N strings. A query, an image, a sequence.
        groups: Items of one number belong together, int64 (N,): queries of one person.
        group_name: What a group is, in the plural: `people`.
        values: By the name of a score, float64 (N,), what each item adds to it: the score is the
            mean. NaN where an item does not count.
        answers: What an item can be answered with: M strings, the gallery or the classes.
        responses: Called with the number of an item; gives float32 (M,), how much the model
            prefers each answer: -inf where an answer does not take part. None for a task without
            answers.
    """

    names: tuple[str, ...]
    groups: NDArray[np.int64]
    group_name: str
    values: Mapping[str, NDArray[np.float64]]
    answers: tuple[str, ...] = ()
    responses: Callable[[int], NDArray[np.float32]] | None = None

    def counted(self) -> NDArray[np.bool_]:
        """The items that count in all scores, bool (N,)."""
        return ~np.isnan(np.stack(list(self.values.values()))).any(axis=0)


@dataclass(frozen=True)
class Agreement:
    """How alike two models answer, whether they are right or wrong.

    Attributes:
        same_first: Share of the items, 0..1, for which both prefer the same answer to all others.
        rank_correlation: Spearman's, -1..1: over all answers that take part, the mean of up to 256
            items, evenly spaced.
    """

    same_first: float
    rank_correlation: float


def agreement(first: ItemScores, second: ItemScores) -> Agreement | None:
    """Compare the answers of two models on the same items; None for a task without answers."""
    if first.responses is None or second.responses is None:
        return None
    items = np.flatnonzero(first.counted())
    step = max(1, len(items) // _CORRELATED_ITEMS)
    same, correlations = 0, []
    for place, item in enumerate(items.tolist()):
        one, other = first.responses(item), second.responses(item)
        same += int(one.argmax() == other.argmax())
        if place % step == 0:
            taking_part = np.isfinite(one) & np.isfinite(other)
            correlations.append(_spearman(one[taking_part], other[taking_part]))
    return Agreement(same / len(items), float(np.mean(correlations)))


def _spearman(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Of equal values the first is the smaller one: in float32 hardly any are equal."""
    count = len(one)
    if count < 2:
        return 1.0
    ranks = np.empty((2, count))
    for row, values in enumerate((one, other)):
        ranks[row, np.argsort(values, kind="stable")] = np.arange(count)
    difference = ranks[0] - ranks[1]
    return float(1 - 6 * (difference @ difference) / (count * (count**2 - 1)))

"""What a comparison found: scores with intervals, differences, agreement, sizes, times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from bireid_runtime.errors import ArgumentError

from bireid_deploy.evaluation.bootstrap import GroupBootstrap, Interval
from bireid_deploy.evaluation.item_scores import Agreement, ItemScores, agreement
from bireid_deploy.tasks.base import Report


@dataclass(frozen=True)
class Measured:
    """One model, measured.

    Attributes:
        model: What the table calls it.
        engine: What ran it.
        report: What its task found.
        bytes: Size of its file, or of a run's weights in float32; None for saved outputs.
        milliseconds: Median of one item through the network, batch 1; None where nothing was timed.
    """

    model: str
    engine: str
    report: Report
    bytes: int | None = None
    milliseconds: float | None = None


@dataclass(frozen=True)
class Difference:
    """A score minus that of the first model, with its 95 % interval over the same groups."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class Row:
    """A model beside the first one.

    Attributes:
        measured: What was measured.
        intervals: By score, at 95 %; of the scores that are means over items.
        differences: By score; empty for the first model.
        agreement: With the first model; None for itself, and for a task without answers.
    """

    measured: Measured
    intervals: dict[str, Interval]
    differences: dict[str, Difference]
    agreement: Agreement | None

    def to_json(self) -> dict[str, Any]:
        """JSON-serialisable."""
        measured = self.measured
        return {
            "model": measured.model,
            "engine": measured.engine,
            "scores": measured.report.scores,
            "intervals": {name: list(each) for name, each in self.intervals.items()},
            "differences": {
                name: {"value": each.value, "interval": list(each.interval)}
                for name, each in self.differences.items()
            },
            "agreement": None if self.agreement is None else vars(self.agreement),
            "bytes": measured.bytes,
            "milliseconds": measured.milliseconds,
        }


def compare(measured: Sequence[Measured]) -> list[Row]:
    """Hold models against the first one.

    Raises:
        ArgumentError: Two were measured on other items.
    """
    first = measured[0]
    return [_row(each, None if each is first else first) for each in measured]


def _row(measured: Measured, first: Measured | None) -> Row:
    items = measured.report.items
    if items is None:
        return Row(measured, {}, {}, None)
    counted = items.counted()
    groups = GroupBootstrap(items.groups[counted])
    intervals = {name: groups.interval(each[counted]) for name, each in items.values.items()}
    against = None if first is None else first.report.items
    if first is None or against is None:
        return Row(measured, intervals, {}, None)
    _require_same(measured, items, first, against)
    differences = {}
    for name, values in items.values.items():
        gained = values[counted] - against.values[name][counted]
        differences[name] = Difference(float(gained.mean()), groups.interval(gained))
    return Row(measured, intervals, differences, agreement(against, items))


def _require_same(one: Measured, items: ItemScores, first: Measured, others: ItemScores) -> None:
    same = (
        items.names == others.names
        and items.answers == others.answers
        and np.array_equal(items.groups, others.groups)
        and np.array_equal(items.counted(), others.counted())
    )
    if not same:
        raise ArgumentError(
            f"{one.model} was measured on other items than {first.model}; compare models on the "
            "same test set"
        )

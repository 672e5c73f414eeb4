"""What a data set holds, said before the work on it begins: a part that is missing must be seen."""

from typing import Any

from bireid_deploy.data.folders import LeftOut, count_left_out, say_left_out
from bireid_deploy.tasks.base import Task


def count_data(task: Task, dataset: Any) -> dict[str, Any]:
    """Counts of every split that was opened, and of what was left out by reason; for JSON."""
    return {**task.describe(dataset), "left_out": count_left_out(_left_out(dataset))}


def say_data(task: Task, dataset: Any) -> list[str]:
    """The same in words: a line of counts, one on how it was read if need be, one of the rest."""
    description = task.describe(dataset)
    summary = task.summary(description)
    # Some tasks have them in their summary.
    remarks = [line for line in description.get("remarks", ()) if line not in summary]
    first = f"{description['name']}: {summary}"
    return [first, *remarks, *say_left_out(_left_out(dataset))]


def _left_out(dataset: Any) -> LeftOut:
    left_out: LeftOut = getattr(dataset, "left_out", ())
    return left_out

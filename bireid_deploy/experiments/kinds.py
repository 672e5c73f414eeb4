"""The kinds of data that a grid can name: a task's folder, or what a task renders."""

from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.base import DataSection


class FolderData(DataSection):
    """Data that cannot travel with a grid: a folder that the command line names."""


def kinds() -> dict[str, type[DataSection]]:
    """The table `[data]` of a grid by its `kind`."""
    found: dict[str, type[DataSection]] = {}
    for name, task in TASKS.items():
        found |= {kind: generator.section for kind, generator in task.generators.items()}
        found[name] = FolderData
    return found


def task_of(kind: str) -> str:
    """Name of the task that a kind of data belongs to."""
    return next(name for name, task in TASKS.items() if kind == name or kind in task.generators)


def scores_of(kind: str) -> dict[str, str]:
    """Names and headings of the scores that are averaged over seeds; the first is the main one."""
    return dict(TASKS[task_of(kind)].scores)

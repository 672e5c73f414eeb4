"""Options of `evaluate` that belong to a task."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bireid_runtime.errors import ArgumentError
from bireid_runtime.suggestions import hint


@dataclass(frozen=True)
class Option:
    """One option; it is a switch unless it has choices or takes a path.

    Attributes:
        help: One line for the command line.
        choices: Words to choose from, the first one the default.
        takes_path: Whether its value is the path of a file.
    """

    help: str
    choices: tuple[str, ...] = ()
    takes_path: bool = False


def united(tables: Iterable[Mapping[str, Option]]) -> dict[str, Option]:
    """The options of several tasks by name.

    Raises:
        ValueError: Two tasks mean different things by one name.
    """
    found: dict[str, Option] = {}
    for table in tables:
        for name, option in table.items():
            if found.setdefault(name, option) != option:
                raise ValueError(f"two tasks have different options {name!r}; rename one")
    return found


def check_options(values: Mapping[str, Any], known: Mapping[str, Option], title: str) -> None:
    """Refuse options that a task does not understand.

    Args:
        values: Options by name.
        known: Those of the task.
        title: The task, for the message.

    Raises:
        ArgumentError: An unknown option, or a word that is none of its choices.
    """
    for name, value in values.items():
        if name not in known:
            raise ArgumentError(f"{name}: the model is of {title}, which has no such option")
        choices = known[name].choices
        if choices and value not in choices:
            raise ArgumentError(f"{name} is {value!r}; {hint(str(value), choices)}")

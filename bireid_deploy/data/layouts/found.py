"""A folder that looks like a layout, wholly or in part."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FoundLayout:
    """What a layout found.

    Attributes:
        folder: The folder that looks like it.
        missing: What is needed and is not there, by its name; empty if all is.
    """

    folder: Path
    missing: tuple[str, ...] = ()


def best(candidates: Iterable[FoundLayout | None]) -> FoundLayout | None:
    """The first candidate in which nothing is missing, or else the first one."""
    found = [each for each in candidates if each is not None]
    return min(found, key=lambda each: bool(each.missing), default=None)

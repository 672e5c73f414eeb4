"""The end of an error message about an unknown name."""

import difflib
from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """What a person may have meant: the nearest known name, or all of them.

    Args:
        name: What was given.
        known: The names that exist.

    Returns:
        `; did you mean resnet18?`, `; choose from a, b`, or nothing if no name is known.
    """
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; choose from {', '.join(names)}" if names else ""

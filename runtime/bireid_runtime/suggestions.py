"""What to say about a name that nobody knows."""

import difflib
from collections.abc import Iterable


def hint(name: str, known: Iterable[str]) -> str:
    """The end of an error message about an unknown name.

    Args:
        name: What was asked for.
        known: The names that exist, in the order to list them.

    Returns:
        `did you mean NEAREST?` if a known name is close, else `choose one of: ...`; `there are
        none` without known names.
    """
    names = list(known)
    if not names:
        return "there are none"
    close = nearest(name, names)
    return f"choose one of: {', '.join(names)}" if close is None else f"did you mean {close}?"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is nearest to one that nobody knows; None if none is near.

    A name that is part of known ones means the shortest of them.
    """
    names = list(known)
    whole = [each for each in names if name and name in each]
    if whole:
        return min(whole, key=len)
    close = difflib.get_close_matches(name, names, n=1)
    return close[0] if close else None

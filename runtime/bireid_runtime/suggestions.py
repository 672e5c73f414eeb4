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
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]}?" if close else f"choose one of: {', '.join(names)}"

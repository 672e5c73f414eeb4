"""Words of strangers on a person's terminal: no escapes, no second line, no end of them."""

import os
import textwrap
from typing import TextIO

MAX_CHARACTERS = 2000
_LEAST_COLUMNS = 20


def printable(text: str) -> str:
    """The text with a replacement character for everything that a terminal might obey.

    Line ends and tabs stay; escapes, other control characters and changes of direction go.
    """
    return "".join(each if each.isprintable() or each in "\n\t" else "\ufffd" for each in text)


def one_line(text: str) -> str:
    """The text as one line of at most `MAX_CHARACTERS`, for an error message."""
    line = printable(" ".join(each.strip() for each in text.splitlines() if each.strip()))
    return line if len(line) <= MAX_CHARACTERS else f"{line[: MAX_CHARACTERS - 4]} ..."


def wrapped(text: str, stream: TextIO) -> str:
    """The text with its lines broken between words at the width of the terminal that it goes to.

    Lines go on indented. In a pipe or a file a line stays one line, for programs that read it; and
    a word stays whole, so that paths and commands can be copied.
    """
    try:
        width = os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        width = 0
    if width < _LEAST_COLUMNS:
        return text
    fold = textwrap.TextWrapper(
        width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(fold.fill(line) for line in text.split("\n"))

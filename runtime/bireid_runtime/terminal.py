"""Words of strangers on a person's terminal: no escapes, no second line, no end of them."""

MAX_CHARACTERS = 2000


def printable(text: str) -> str:
    """The text with a replacement character for everything that a terminal might obey.

    Line ends and tabs stay; escapes, other control characters and changes of direction go.
    """
    return "".join(each if each.isprintable() or each in "\n\t" else "\ufffd" for each in text)


def one_line(text: str) -> str:
    """The text as one line of at most `MAX_CHARACTERS`, for an error message."""
    line = printable(" ".join(each.strip() for each in text.splitlines() if each.strip()))
    return line if len(line) <= MAX_CHARACTERS else f"{line[: MAX_CHARACTERS - 4]} ..."

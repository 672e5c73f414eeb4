"""The document around the parts of a report, and what all parts are written with."""

import html
from collections.abc import Iterable, Sequence
from importlib.resources import files

from bireid_runtime.terminal import printable

# Whatever a name in the data may smuggle in: a browser loads and runs nothing.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def escaped(text: object) -> str:
    """Text as HTML shows it; strangers' file names and labels become plain characters."""
    return html.escape(printable(str(text)))


def document(title: str, parts: Iterable[str]) -> str:
    """A whole page.

    Args:
        title: Its title, text.
        parts: What `section` gave, and other HTML.

    Returns:
        HTML that needs no other file.
    """
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{escaped(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        f"{body}\n</main>\n</body>\n</html>\n"
    )


def section(anchor: str, heading: str, note: str, *content: str) -> str:
    """A part of a page: heading, a line on what it shows, content.

    Args:
        anchor: Its id in the page.
        heading: Text.
        note: Text; empty for none.
        content: HTML.
    """
    said = f'<p class="note">{escaped(note)}</p>\n' if note else ""
    inside = "\n".join(content)
    return f'<section id="{anchor}">\n<h2>{escaped(heading)}</h2>\n{said}{inside}\n</section>'


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> str:
    """A table of text; all but the first `text_columns` are numbers and aligned right."""

    def cells(tag: str, values: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{'' if place < text_columns else ' class=number'}>{escaped(value)}</{tag}>"
            for place, value in enumerate(values)
        )

    body = "\n".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return (
        '<div class="scroll"><table>\n'
        f"<thead><tr>{cells('th', columns)}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and what they are, a line each; both are text."""
    body = "\n".join(
        f'<tr><th scope="row">{escaped(name)}</th><td>{escaped(value)}</td></tr>'
        for name, value in pairs
    )
    return f'<div class="scroll"><table>\n<tbody>\n{body}\n</tbody></table></div>'


def tiles(values: Iterable[tuple[str, str, str]]) -> str:
    """Numbers that are read first: (heading, number, line below)."""
    inside = "".join(
        f'<div class="tile"><span class="what">{escaped(heading)}</span>'
        f'<span class="figure">{escaped(number)}</span>'
        f'<span class="note">{escaped(below)}</span></div>'
        for heading, number, below in values
    )
    return f'<div class="tiles">{inside}</div>'

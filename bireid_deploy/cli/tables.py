"""Tables that keep their names on a narrow terminal, and are never cut in a pipe."""

import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from bireid_runtime.terminal import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_UNLIMITED_WIDTH = 10_000
# A sentence in a column is broken into lines, but not into a column of single words.
_LEAST_SENTENCE = 24


def emit_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], text_columns: int = 1
) -> None:
    """Print a result table; the first `text_columns` are aligned left, numbers right.

    On a terminal that is too narrow, headings of several words stand in several lines; if that is
    not enough, columns on the right follow in a table of their own below, which begins with the
    first column again: what names a row is beside every number of it.
    """
    content = _Content(columns, rows, text_columns)
    console = _console()
    parts, stacked = _parts(content, console.width)
    for number, part in enumerate(parts):
        console.print(content.table(part, "" if number else title, stacked))


def emit_lines(lines: Iterable[str]) -> None:
    """Print sentences; on a terminal they are broken at its width and go on indented."""
    width = terminal_width()
    for line in lines:
        click.echo(textwrap.fill(printable(line), width, subsequent_indent="  "))


def terminal_width() -> int:
    """Columns of the terminal that results go to; a pipe has as many as anyone may need."""
    return _console().width


@dataclass(frozen=True)
class _Content:
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int

    def table(self, part: Sequence[int], title: str, stacked: bool) -> "Table":
        """A table of some columns; `stacked` headings have a line for each word."""
        from rich import box
        from rich.table import Table

        table = Table(
            title=printable(title) or None,
            title_justify="left",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
        )
        for index in part:
            name = self.columns[index]
            table.add_column(
                "\n".join(name.split()) if stacked else name,
                justify="left" if index < self.text_columns else "right",
                no_wrap=not self._is_sentence(index),
                overflow="fold",
                min_width=self._least_width(index, stacked),
            )
        for row in self.rows:
            table.add_row(*(printable(row[index]) for index in part))
        return table

    def fits(self, part: Sequence[int], width: int, stacked: bool) -> bool:
        """Whether some columns go side by side, three spaces between them and one around."""
        needed = sum(self._least_width(index, stacked) for index in part) + 3 * len(part) - 1
        return needed <= width

    def _is_sentence(self, index: int) -> bool:
        # A number is never broken over two lines, nor is a name.
        cells = (row[index] for row in self.rows)
        return 0 < index < self.text_columns and any(" " in each for each in cells)

    def _least_width(self, index: int, stacked: bool) -> int:
        from rich.cells import cell_len

        name = self.columns[index]
        heading = max((cell_len(word) for word in (name.split() if stacked else [name])), default=0)
        cells = max((cell_len(printable(row[index])) for row in self.rows), default=0)
        return max(heading, min(cells, _LEAST_SENTENCE) if self._is_sentence(index) else cells)


def _parts(content: _Content, width: int) -> tuple[list[list[int]], bool]:
    """Numbers of the columns that stand side by side, the first one in every part; if stacked."""
    every = list(range(len(content.columns)))
    for stacked in (False, True):
        if content.fits(every, width, stacked):
            return [every], stacked
    parts = [[0]]
    for index in every[1:]:
        longer = [*parts[-1], index]
        if len(longer) == 2 or content.fits(longer, width, stacked=True):
            parts[-1] = longer
        else:
            parts.append([0, index])
    return parts, True


def _console() -> "Console":
    from rich.console import Console

    # A pipe has no width; tables must not be cut there. Square brackets, as in "package[extra]" or
    # in a file's name, are text and not markup.
    width = None if sys.stdout.isatty() else _UNLIMITED_WIDTH
    return Console(file=sys.stdout, width=width, markup=False, emoji=False)

"""What a person sees: tables on stdout, messages and progress on stderr."""

import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from bireid_runtime.terminal import printable

_UNLIMITED_WIDTH = 10_000


def emit_json(value: Any) -> None:
    """Print a result for machines; NaN and infinity become null."""
    click.echo(json.dumps(_finite(value), indent=1))


def emit_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], text_columns: int = 1
) -> None:
    """Print a result table; the first `text_columns` are aligned left, numbers right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=printable(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        text = index < text_columns
        # A number is never broken over two lines; a sentence may be.
        table.add_column(column, justify="left" if text else "right", no_wrap=not text)
    for row in rows:
        table.add_row(*map(printable, row))
    # A pipe has no width; tables must not be cut there. Square brackets, as in "package[extra]" or
    # in a file's name, are text and not markup.
    width = None if sys.stdout.isatty() else _UNLIMITED_WIDTH
    console = Console(file=sys.stdout, width=width, markup=False, emoji=False)
    console.print(table)


def message(text: str) -> None:
    """Say something to the person on stderr."""
    click.echo(printable(text), err=True)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing elsewhere; yields a function taking (done, total)."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

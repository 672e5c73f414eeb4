"""What a person sees: results on stdout, messages and progress on stderr; tables: `tables.py`."""

import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from bireid_runtime.terminal import printable, wrapped

from bireid_deploy.cli.tables import emit_lines, emit_table

__all__ = ["emit_json", "emit_lines", "emit_table", "message", "progress"]


def emit_json(value: Any) -> None:
    """Print a result for machines; NaN and infinity become null."""
    click.echo(json.dumps(_finite(value), indent=1))


def message(text: str) -> None:
    """Say something to the person on stderr; on a terminal in lines of its width."""
    click.echo(wrapped(printable(text), sys.stderr), err=True)


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

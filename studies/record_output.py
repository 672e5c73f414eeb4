"""Writing what a study measured."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from bireid_runtime.files import atomic_file


def write_record(record: Mapping[str, Any], path: Path) -> None:
    """Write a record whole or not at all, and say where."""
    path.parent.mkdir(exist_ok=True)
    with atomic_file(path) as file:
        file.write(_text(record).encode())
    click.echo(str(path))


def write_or_print(record: Mapping[str, Any], path: Path | None) -> None:
    """The same, or to standard output."""
    if path is None:
        click.echo(_text(record), nl=False)
    else:
        write_record(record, path)


def _text(record: Mapping[str, Any]) -> str:
    return json.dumps(record, indent=1) + "\n"

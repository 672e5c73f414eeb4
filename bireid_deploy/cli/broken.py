"""The option `--skip-broken`, and what is said of what was passed over."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from bireid_deploy.cli.console import message
from bireid_deploy.data.broken import skipped_path, write_skipped
from bireid_deploy.data.folders import LeftOut

Command = TypeVar("Command", bound=Callable[..., Any])


def _option(listed: str = "") -> Callable[[Command], Command]:
    return click.option(
        "--skip-broken",
        is_flag=True,
        help=f"Pass over files that cannot be read{listed}; exit code 0 as long as one can be.",
    )


skip_broken_option = _option(", and list them beside the output")
gallery_skip_broken_option = _option()


def say_skipped(skipped: LeftOut, out: Path | None) -> list[dict[str, Any]]:
    """Say what was passed over, leave the list beside `out`, and give it as JSON has it."""
    for path, reason in skipped:
        message(f"skipped {path}: {reason}")
    if out is not None:
        write_skipped(out, skipped)
    if skipped:
        listed = "" if out is None else f"; listed in {skipped_path(out)}"
        message(f"{len(skipped)} files skipped{listed}")
    return [{"file": str(path), "reason": reason} for path, reason in skipped]

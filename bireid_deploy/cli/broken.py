"""The option `--skip-broken`, and what is said of what was passed over."""

from pathlib import Path
from typing import Any

import click

from bireid_deploy.cli.console import message
from bireid_deploy.data.broken import skipped_path, write_skipped
from bireid_deploy.data.folders import LeftOut

skip_broken_option = click.option(
    "--skip-broken",
    is_flag=True,
    help="Pass over files that cannot be read, and list them beside the output; exit code 0 as "
    "long as one can be.",
)

gallery_skip_broken_option = click.option(
    "--skip-broken",
    is_flag=True,
    help="Pass over files that cannot be read; exit code 0 as long as one can be.",
)


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

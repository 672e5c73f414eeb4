"""Options that say of a checkpoint of PyTorch what its weights do not."""

from collections.abc import Callable
from pathlib import Path

import click
from bireid_converters.checkpoints.families import FAMILIES

_FAMILY_HELP = "What it is, if not found out. " + " ".join(
    f"{family.name}: {family.help}." for family in FAMILIES
)


def checkpoint_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options `--arch` (as `family`), `--last-stride` and `--config`."""
    for option in reversed(
        (
            click.option("--arch", "family", help=_FAMILY_HELP),
            click.option(
                "--last-stride",
                type=click.IntRange(1, 2),
                help="Of a ResNet's last stage, which its weights do not tell.",
            ),
            click.option(
                "--config",
                type=click.Path(path_type=Path),
                help="The framework's own configuration, YAML: what the weights do not tell.",
            ),
        )
    ):
        command = option(command)
    return command

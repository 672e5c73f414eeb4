"""The network of a checkpoint, rebuilt as `import` does it."""

from pathlib import Path

from bireid_converters.checkpoints import read_checkpoint
from bireid_converters.checkpoints.families import find_family
from bireid_converters.rebuild import ImportSettings, ReadNetwork, rebuild


def rebuilt(path: Path, settings: ImportSettings) -> ReadNetwork:
    """The network, and what is known of it."""
    with read_checkpoint(path) as opened:
        return rebuild(opened, find_family(list(opened.tensors), settings.family), settings)

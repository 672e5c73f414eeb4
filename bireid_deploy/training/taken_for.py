"""What a checkpoint of another project is taken for, in words."""

from pathlib import Path

from bireid_converters.checkpoints.configs import Stated
from bireid_converters.checkpoints.families import Family


def taken_for(path: Path, family: Family, stated: Stated | None, said: str = "") -> tuple[str, ...]:
    """Lines for the person who named it.

    Args:
        path: The file.
        family: Its kind.
        stated: What its framework's configuration says; None without one.
        said: What else was said of it, the end of the first line.
    """
    first = f"{path.name}: {family.name}, taken for granted: {family.assumed}{said}"
    if stated is None:
        return (first,)
    words = ", ".join(stated.said) or "says nothing of the network"
    return first, f"{stated.source}: {words}"

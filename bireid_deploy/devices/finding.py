"""What a look at a machine gave."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report.

    Attributes:
        name: What was looked at.
        value: What was found.
        ok: Whether it is as it should be.
        remedy: The command or step that mends it, empty when all is well.
    """

    name: str
    value: str
    ok: bool = True
    remedy: str = ""

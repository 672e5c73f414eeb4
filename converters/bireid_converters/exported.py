"""What an exporter makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Exported:
    """A file, and what its maker says of it.

    Attributes:
        data: The bytes of the file.
        report: JSON types, for the file's entry in the manifest and for the card; may be empty.
    """

    data: bytes = field(repr=False)
    report: Mapping[str, Any] = field(default_factory=dict)

"""Finding what a network takes or gives by its name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from bireid_runtime.errors import BundleError
from bireid_runtime.suggestions import hint


class Named(Protocol):
    """An input or an output."""

    @property
    def name(self) -> str:
        """Its name."""


Spec = TypeVar("Spec", bound=Named)


def find_spec(specs: Sequence[Spec], name: str, what: str, path: Path) -> Spec:
    """The one of a name.

    Args:
        specs: Inputs or outputs.
        name: Which one.
        what: What they are, for the message.
        path: Of the bundle.

    Raises:
        BundleError: There is none of that name; the message lists those there are.
    """
    for spec in specs:
        if spec.name == name:
            return spec
    known = [spec.name for spec in specs]
    raise BundleError(f"{path}: the network has no {what} '{name}'; {hint(name, known)}")

"""What inputs and outputs of a network have in common: a name, a type, a shape."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bireid_runtime.errors import ArgumentError, BundleError, UnsupportedModelError
from bireid_runtime.manifest import Section

MAX_TENSORS = 16
MAX_RANK = 7
MAX_ELEMENTS = 2**28

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def read_name(section: Section) -> str:
    """Return the name of a tensor: a letter or digit, then up to 63 of `A-Za-z0-9_.-`."""
    name = section.text("name")
    if not _NAME.fullmatch(name):
        raise section.error("name", "must be 1 to 64 of A-Z a-z 0-9 _ . -, no sign first")
    return name


def read_shape(section: Section) -> tuple[int, ...]:
    """Return the shape of one item: what stands behind the null of the batch.

    Raises:
        UnsupportedModelError: A dtype other than float32.
        BundleError: No null first, not 1 to 7 positive numbers behind it, or above 2^28 elements.
    """
    if section.text("dtype") != "float32":
        raise UnsupportedModelError(f"{section.source}: {section.path}.dtype is not float32")
    batch, *shape = section.array("shape") or [0]
    counts = all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in shape)
    if batch is not None or not counts or not 1 <= len(shape) <= MAX_RANK:
        raise section.error("shape", f"must be null for the batch and 1 to {MAX_RANK} sizes")
    if math.prod(shape) > MAX_ELEMENTS:
        raise section.error("shape", f"has more than {MAX_ELEMENTS} elements per item")
    return tuple(shape)


def read_kind(section: Section, kinds: Mapping[str, Any]) -> str:
    """Return the kind of a tensor.

    Raises:
        UnsupportedModelError: It is not in the table; the message names those that are.
    """
    kind = section.text("kind")
    if kind not in kinds:
        raise UnsupportedModelError(
            f"{section.source}: {section.path} has the kind '{kind}'; this version knows "
            f"{', '.join(kinds)}"
        )
    return kind


def check_spec(spec: Any, read: Callable[[Section], Any], what: str) -> None:
    """Hold a spec that was made in code to the rules of the manifest.

    Raises:
        ArgumentError: The spec breaks a rule; it is named.
    """
    try:
        read(Section(spec.to_manifest(), f"{what} {spec.name!r}"))
    except BundleError as error:
        raise ArgumentError(str(error)) from error


def require_unique(names: Iterable[str], section: Section, key: str) -> None:
    """Raise BundleError if a name occurs twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise section.error(key, f"has the name '{name}' twice")
        seen.add(name)

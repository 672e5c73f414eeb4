"""What a foreign model file is fed: numbers of the sizes, layout and types that it declares."""

from collections.abc import Sequence

import numpy as np
from bireid_runtime.errors import UnsupportedModelError

_MAX_VALUES = 2**28
_MAX_CHANNELS = 64


def declared_shape(
    declared: Sequence[int | str | None], taken: Sequence[int], name: str, batch: int = 1
) -> tuple[int, ...]:
    """The shape to feed.

    Args:
        declared: As the file says; what is no number above 0 is open.
        taken: (H, W, C) of the bundle's network: what fills open sizes of a map, in the file's
            layout.
        name: The input, for messages.
        batch: What fills an open batch.

    Raises:
        UnsupportedModelError: It would take more than 2^28 values.
    """
    sizes = [each if isinstance(each, int) and each > 0 else None for each in declared]
    fill: list[int] = [1] * len(sizes)
    if len(sizes) == 4 and len(taken) == 3:
        height, width, channels = taken
        is_last = sizes[3] is not None and sizes[3] <= _MAX_CHANNELS
        is_first = sizes[1] is not None and sizes[1] <= _MAX_CHANNELS and not is_last
        fill = [1, channels, height, width] if is_first else [1, height, width, channels]
    found = tuple(
        batch if place == 0 and size is None else size or other
        for place, (size, other) in enumerate(zip(sizes, fill, strict=True))
    )
    if np.prod(found, dtype=np.float64) > _MAX_VALUES:
        raise UnsupportedModelError(f"input {name!r} declares {found}: more than 2^28 values")
    return found


def numbers(shape: Sequence[int], dtype: np.dtype) -> np.ndarray:
    """Random numbers: of a normal distribution, or small whole ones."""
    rng = np.random.default_rng(0)
    if np.issubdtype(dtype, np.floating):
        return rng.normal(size=tuple(shape)).astype(dtype)
    # Every whole type and bool holds 0 and 1, and indices of that size fit most tables.
    return rng.integers(2, size=tuple(shape)).astype(dtype)

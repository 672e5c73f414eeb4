"""The arrays of a checkpoint, in the order of axes that Keras wants; every one is accounted for."""

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase

import numpy as np

# What counts batches in training and has no part in the network.
_COUNTERS = "num_batches_tracked"


class WeightsError(ValueError):
    """A checkpoint does not hold what the architecture needs; the message names the key."""


class Weights:
    """Arrays by key, each read when it is asked for and noted as used.

    Args:
        shapes: Shape of every array by its key.
        read: Reads one.
    """

    def __init__(
        self, shapes: Mapping[str, tuple[int, ...]], read: Callable[[str], np.ndarray]
    ) -> None:
        self.shapes = dict(shapes)
        self._read = read
        self._used: set[str] = set()
        self.dropped: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self.shapes

    def array(self, key: str, shape: tuple[int | None, ...]) -> np.ndarray:
        """One array as float32.

        Args:
            key: Its name.
            shape: What it must be; None allows any extent.

        Raises:
            WeightsError: It is missing, of another shape, or holds a number that is not finite.
        """
        if key not in self.shapes:
            raise WeightsError(f"the checkpoint has no {key!r}")
        found = self.shapes[key]
        if len(found) != len(shape) or any(
            wanted is not None and extent != wanted
            for extent, wanted in zip(found, shape, strict=True)
        ):
            raise WeightsError(f"{key!r} has the shape {found}, the architecture needs {shape}")
        array = np.asarray(self._read(key), np.float32)
        if not np.isfinite(array).all():
            raise WeightsError(f"{key!r} holds numbers that are not finite")
        self._used.add(key)
        return array

    def convolution(self, key: str) -> np.ndarray:
        """A kernel (O, I, H, W) as (H, W, I, O)."""
        return self.array(key, (None,) * 4).transpose(2, 3, 1, 0)

    def depthwise(self, key: str) -> np.ndarray:
        """A kernel (C, 1, H, W) as (H, W, C, 1)."""
        return self.array(key, (None, 1, None, None)).transpose(2, 3, 0, 1)

    def matrix(self, key: str) -> np.ndarray:
        """A matrix (out, in) as (in, out)."""
        return self.array(key, (None, None)).T

    def vector(self, key: str, size: int) -> np.ndarray:
        """A vector."""
        return self.array(key, (size,))

    def drop(self, patterns: Iterable[str]) -> None:
        """Leave out what training needed alone: keys like any of the patterns."""
        for key in self.shapes.keys() - self._used:
            if any(fnmatchcase(key, pattern) for pattern in patterns):
                self._used.add(key)
                self.dropped.append(key)

    def require_all_used(self) -> None:
        """Refuse a checkpoint with weights that the architecture has no place for.

        Raises:
            WeightsError: There are some; the message names the first five.
        """
        left = [key for key in self.shapes if key not in self._used and not key.endswith(_COUNTERS)]
        if left:
            more = f" and {len(left) - 5} more" if len(left) > 5 else ""
            raise WeightsError(
                f"the architecture has no place for {', '.join(left[:5])}{more}; it is another one"
            )

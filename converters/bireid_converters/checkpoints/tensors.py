"""Tensors of a checkpoint: where their numbers lie, read when they are asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from bireid_converters.errors import CheckpointError

MAX_RANK = 8
MAX_TENSORS = 100_000
"""In one file."""

# PyTorch's names of what a storage holds. Half the bits of bfloat16 are those of float32.
_BFLOAT16 = "BFloat16"
STORAGE_DTYPES: dict[str, np.dtype[Any]] = {
    "Float": np.dtype("<f4"),
    "Double": np.dtype("<f8"),
    "Half": np.dtype("<f2"),
    _BFLOAT16: np.dtype("<u2"),
    "Long": np.dtype("<i8"),
    "Int": np.dtype("<i4"),
    "Short": np.dtype("<i2"),
    "Char": np.dtype("i1"),
    "Byte": np.dtype("u1"),
    "Bool": np.dtype("?"),
}


@dataclass
class Storage:
    """The numbers that one or several tensors are views of.

    Attributes:
        kind: Key of `STORAGE_DTYPES`.
        elements: How many numbers it has.
        key: Its name in the file.
        load: Gives exactly the bytes of all numbers; None while their place is not known.
    """

    kind: str
    elements: int
    key: str
    load: Callable[[], bytes] | None = field(default=None, repr=False)

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.elements * STORAGE_DTYPES[self.kind].itemsize


@dataclass(frozen=True)
class Tensor:
    """A view of a storage, checked when it is made: no element lies outside.

    Attributes:
        storage: Where its numbers are.
        offset: Element that it begins with.
        shape: Its extents, at most 8.
        strides: In elements, per axis.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def numpy(self) -> np.ndarray:
        """Its numbers, a copy; bfloat16 becomes float32, which holds the same.

        Raises:
            CheckpointError: The file is damaged or lacks the storage.
        """
        storage = self.storage
        data = b"" if storage.load is None else storage.load()
        if len(data) != storage.size:
            raise CheckpointError(
                f"storage {storage.key!r} has {len(data)} bytes instead of {storage.size}; the "
                "file is damaged"
            )
        dtype = STORAGE_DTYPES[storage.kind]
        flat = np.frombuffer(data, dtype)
        view = np.lib.stride_tricks.as_strided(
            flat[self.offset :],
            self.shape,
            tuple(stride * dtype.itemsize for stride in self.strides),
            writeable=False,
        )
        if storage.kind == _BFLOAT16:
            return (view.astype(np.uint32) << 16).view(np.float32)
        return view.astype(dtype.newbyteorder("="), copy=True)


def make_tensor(
    storage: object, offset: object, shape: Sequence[object], strides: Sequence[object]
) -> Tensor:
    """A tensor whose elements all lie inside its storage.

    Raises:
        CheckpointError: They do not, it is larger than its storage, or these are no numbers.
    """
    numbers = [
        number for number in (offset, *shape, *strides) if type(number) is int and number >= 0
    ]
    rank = len(shape)
    if (
        not isinstance(storage, Storage)
        or len(strides) != rank
        or rank > MAX_RANK
        or len(numbers) != 1 + 2 * rank
    ):
        raise CheckpointError("a tensor's place is malformed; the file is damaged or hostile")
    start, extents, steps = numbers[0], tuple(numbers[1 : 1 + rank]), tuple(numbers[1 + rank :])
    count = prod(extents)
    last = start + sum((extent - 1) * step for extent, step in zip(extents, steps, strict=True))
    # With a stride of 0, a few bytes could declare any number of elements.
    if count > storage.elements or (count and last >= storage.elements):
        raise CheckpointError(
            f"a tensor of shape {extents} does not fit storage {storage.key!r} of "
            f"{storage.elements} elements; the file is damaged or hostile"
        )
    return Tensor(storage, start if count else 0, extents, steps)

"""PyTorch's files before 1.6: five pickles in a row, then the numbers of all storages."""

import os
import struct
from functools import partial
from typing import Any, BinaryIO

from bireid_converters.checkpoints.pickle_program import BoundedStream, read_pickle
from bireid_converters.checkpoints.tensors import MAX_TENSORS, Storage
from bireid_converters.checkpoints.torch_pickle import TorchObjects
from bireid_converters.errors import CheckpointError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001


def read_torch_legacy(file: BinaryIO) -> Any:
    """The object in a file; its tensors read from the open file when they are asked for.

    Raises:
        CheckpointError: Damaged, hostile, or no file of PyTorch.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    objects = TorchObjects()
    if _next(file, TorchObjects()) != _MAGIC:
        raise CheckpointError(
            "a pickle, but not one of PyTorch's; open it where it was made, and save the model "
            "with torch.save(model.state_dict(), FILE)"
        )
    if _next(file, TorchObjects()) != _PROTOCOL:
        raise CheckpointError("a file of an unknown version of PyTorch; save it again")
    system = _next(file, TorchObjects())
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise CheckpointError("the file was written on a big-endian machine, which is not read")
    result = _next(file, objects)
    keys = _next(file, TorchObjects())
    if not isinstance(keys, list) or len(keys) > MAX_TENSORS or set(map(type, keys)) - {str}:
        raise CheckpointError("the list of storages is malformed; the file is damaged or hostile")
    _place_storages(file, size, keys, objects.storages)
    return result


def _next(file: BinaryIO, objects: TorchObjects) -> Any:
    return read_pickle(BoundedStream(file), objects.persistent, objects.rebuilds)


def _place_storages(
    file: BinaryIO, size: int, keys: list[str], storages: dict[str, Storage]
) -> None:
    if sorted(keys) != sorted(storages):
        raise CheckpointError("storages of the file are missing; it is damaged or hostile")
    place = file.tell()
    for key in keys:
        storage = storages[key]
        file.seek(place)
        header = file.read(8)
        if len(header) < 8 or struct.unpack("<q", header)[0] != storage.elements:
            raise CheckpointError(f"storage {key!r} has another size than its tensors say")
        place += 8
        if place + storage.size > size:
            raise CheckpointError("the file is cut off; copy it again")
        storage.load = partial(_read_at, file, place, storage.size)
        place += storage.size


def _read_at(file: BinaryIO, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)

"""The safetensors layout, for all number types that a network may have."""

import os
from functools import partial
from typing import BinaryIO

from bireid_runtime.errors import BundleError
from bireid_runtime.safetensors import header_length, parse_header

from bireid_converters.checkpoints.tensors import (
    MAX_TENSORS,
    STORAGE_DTYPES,
    Storage,
    Tensor,
    make_tensor,
)
from bireid_converters.errors import CheckpointError

_KINDS = {
    "F32": "Float",
    "F64": "Double",
    "F16": "Half",
    "BF16": "BFloat16",
    "I64": "Long",
    "I32": "Int",
    "I16": "Short",
    "I8": "Char",
    "U8": "Byte",
    "BOOL": "Bool",
}
_MAX_HEADER = 16 * 2**20


def read_safetensors_file(file: BinaryIO) -> dict[str, Tensor]:
    """The tensors of a file, read from the open file when they are asked for.

    Raises:
        CheckpointError: Damaged or hostile.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    sizes = {name: STORAGE_DTYPES[kind].itemsize for name, kind in _KINDS.items()}
    try:
        length = header_length(file.read(8), size, _MAX_HEADER, "the file")
        header = file.read(length)
        places = parse_header(header, size - 8 - length, sizes, "the file", MAX_TENSORS)
    except BundleError as error:
        raise CheckpointError(str(error)) from error
    tensors = {}
    for name, place in places.items():
        bytes_ = place.end - place.begin
        storage = Storage(_KINDS[place.kind], bytes_ // sizes[place.kind], name)
        storage.load = partial(_read_at, file, 8 + length + place.begin, bytes_)
        tensors[name] = make_tensor(storage, 0, place.shape, _contiguous(place.shape))
    return tensors


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides: list[int] = []
    step = 1
    for extent in reversed(shape):
        strides.append(step)
        step *= extent
    return tuple(reversed(strides))


def _read_at(file: BinaryIO, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)

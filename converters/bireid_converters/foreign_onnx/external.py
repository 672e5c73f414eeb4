"""Weights that an ONNX file keeps in a file beside it, as PyTorch's exporter writes them."""

import math
import os
from pathlib import Path
from typing import Any

import onnx
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.files import open_regular

from bireid_converters.foreign_onnx.read import parse_onnx

# Protocol Buffers end there.
MAX_BYTES = 2**31 - 1


def with_weights(data: bytes, folder: Path, source: str) -> bytes:
    """The same file with all of its weights inside.

    Args:
        data: Bytes of an .onnx file, untrusted.
        folder: Where its other files lie.
        source: What errors call it.

    Raises:
        UnsupportedModelError: It is no ONNX file, names a file elsewhere, or one that is not there
            or does not hold what it says; or it would have more than 2 GB.
    """
    model = parse_onnx(data, source)
    outside = [
        tensor
        for tensor in model.graph.initializer
        if tensor.data_location == onnx.TensorProto.EXTERNAL
    ]
    if not outside:
        return data
    total = len(data)
    for tensor in outside:
        total += _bytes_of(tensor, source)
        if total > MAX_BYTES:
            raise UnsupportedModelError(f"{source}: more than 2 GB with its weights")
    for tensor in outside:
        tensor.raw_data = _read(tensor, folder, source)
        tensor.ClearField("external_data")
        tensor.data_location = onnx.TensorProto.DEFAULT
    whole: bytes = model.SerializeToString()
    return whole


def _bytes_of(tensor: Any, source: str) -> int:
    try:
        kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    except KeyError:
        kind = None
    if kind is None or kind.hasobject or any(extent < 0 for extent in tensor.dims):
        raise UnsupportedModelError(f"{source}: weights {tensor.name[:60]!r} are no numbers")
    return math.prod(tensor.dims) * int(kind.itemsize)


def _read(tensor: Any, folder: Path, source: str) -> bytes:
    # What is no UTF-8 comes as bytes.
    told = {str(entry.key): str(entry.value) for entry in tensor.external_data}
    name, size = told.get("location", ""), _bytes_of(tensor, source)
    what = f"{source}: weights {tensor.name[:60]!r}"
    # As ONNX Runtime has it, but in the same folder alone.
    if Path(name).name != name or name in ("", "..") or "\\" in name or "\0" in name:
        raise UnsupportedModelError(f"{what} lie in {name[:60]!r}, which is no file beside it")
    try:
        offset, length = int(told.get("offset", 0)), int(told.get("length", size))
    except ValueError as error:
        raise UnsupportedModelError(f"{what} lie nowhere in {name}") from error
    if offset < 0 or length != size:
        raise UnsupportedModelError(f"{what} have {size} bytes, not {length} of {name}")
    try:
        with open_regular(folder / name) as file:
            is_whole = offset + size <= os.fstat(file.fileno()).st_size
            if is_whole:
                file.seek(offset)
            data = file.read(size) if is_whole else b""
    except OSError as error:
        raise UnsupportedModelError(
            f"{what} lie in {name[:60]!r}: {error.strerror}; put that file beside it"
        ) from error
    if len(data) != size:
        raise UnsupportedModelError(f"{what}: {folder / name} ends early; export the network again")
    return data

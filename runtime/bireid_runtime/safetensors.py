"""The safetensors layout for uint8 and float32 arrays, read with bounds and written in one way.

8 bytes of header length (little-endian), a JSON header that gives dtype, shape and place of each
array, then the raw numbers. The places must tile the data without a gap or an overlap.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from bireid_runtime.errors import BundleError

MAX_HEADER_BYTES = 2**20
_MAX_RANK = 8
_MAX_ELEMENTS = 2**40
_ALIGNMENT = 8
_KEYS = {"dtype", "shape", "data_offsets"}
_DTYPES: dict[str, np.dtype[Any]] = {"U8": np.dtype(np.uint8), "F32": np.dtype("<f4")}
_METADATA = "__metadata__"


def read_safetensors(data: bytes, source: str) -> dict[str, np.ndarray]:
    """Read all arrays of a file.

    Args:
        data: The bytes of the file, untrusted.
        source: Where they come from, for messages.

    Returns:
        Arrays by name, uint8 or float32, each a copy.

    Raises:
        BundleError: Damaged, a header above 1 MiB, another dtype, or places that do not tile the
            data.
    """
    header, body = _split(data, source)
    arrays: dict[str, np.ndarray] = {}
    places = []
    for name, entry in header.items():
        if name == _METADATA:
            _check_metadata(entry, source)
            continue
        dtype, shape, begin, end = _place(name, entry, source)
        places.append((begin, end, name))
        if end > len(body):
            raise BundleError(f"{source}: tensor {name!r} ends behind the file")
        arrays[name] = (
            np.frombuffer(body[begin:end], dtype)
            .reshape(shape)
            .astype(dtype.newbyteorder("="), copy=True)
        )
    _check_tiling(places, len(body), source)
    return arrays


def write_safetensors(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Write arrays; the same arrays give the same bytes.

    Args:
        arrays: uint8 or float32 by name.

    Returns:
        The bytes of the file.

    Raises:
        BundleError: An array of another dtype.
    """
    names = {dtype: name for name, dtype in _DTYPES.items()}
    # float32 first, so that every array starts where its numbers are aligned.
    ordered = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    header: dict[str, Any] = {}
    parts = []
    offset = 0
    for name in ordered:
        array = arrays[name]
        if array.dtype not in names:
            raise BundleError(f"tensor {name!r} is {array.dtype}; uint8 and float32 can be stored")
        dtype = np.dtype(array.dtype).newbyteorder("<")
        content = np.ascontiguousarray(array, dtype).tobytes()
        header[name] = {
            "dtype": names[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(content)],
        }
        offset += len(content)
        parts.append(content)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def _split(data: bytes, source: str) -> tuple[dict[str, Any], memoryview]:
    length = int.from_bytes(data[:8], "little") if len(data) >= 8 else -1
    if not 0 <= length <= min(MAX_HEADER_BYTES, len(data) - 8):
        raise BundleError(f"{source}: not a safetensors file, or cut off")
    try:
        header = json.loads(data[8 : 8 + length].decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{source}: damaged safetensors header: {error}") from error
    if not isinstance(header, dict):
        raise BundleError(f"{source}: the safetensors header must be a JSON object")
    return header, memoryview(data)[8 + length :]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key occurs twice")
    return values


def _check_metadata(entry: object, source: str) -> None:
    if not isinstance(entry, dict) or not all(isinstance(each, str) for each in entry.values()):
        raise BundleError(f"{source}: {_METADATA} must map text to text")


def _place(
    name: str, entry: object, source: str
) -> tuple[np.dtype[Any], tuple[int, ...], int, int]:
    if not isinstance(entry, dict) or entry.keys() != _KEYS:
        raise BundleError(f"{source}: tensor {name!r} needs the keys {', '.join(sorted(_KEYS))}")
    dtype = _DTYPES.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    if dtype is None:
        raise BundleError(
            f"{source}: tensor {name!r} has dtype {entry['dtype']!r}; known: {', '.join(_DTYPES)}"
        )
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _are_counts(shape) or len(shape) > _MAX_RANK:
        raise BundleError(f"{source}: tensor {name!r} has no valid shape")
    if not _are_counts(offsets) or len(offsets) != 2:
        raise BundleError(f"{source}: tensor {name!r} has no valid data_offsets")
    begin, end = offsets
    if end - begin != math.prod(shape) * dtype.itemsize:
        raise BundleError(f"{source}: tensor {name!r} has another size than its shape says")
    return dtype, tuple(shape), begin, end


def _are_counts(values: object) -> bool:
    return isinstance(values, list) and all(
        isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_ELEMENTS
        for value in values
    )


def _check_tiling(places: list[tuple[int, int, str]], size: int, source: str) -> None:
    reached = 0
    for begin, end, name in sorted(places):
        if begin != reached:
            raise BundleError(f"{source}: tensor {name!r} leaves a gap or overlaps another one")
        reached = end
    if reached != size:
        raise BundleError(f"{source}: {size - reached} bytes belong to no tensor")

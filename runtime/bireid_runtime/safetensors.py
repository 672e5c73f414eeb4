"""The safetensors layout for uint8 and float32 arrays, read with bounds and written in one way.

8 bytes of header length (little-endian), a JSON header that gives dtype, shape and place of each
array, then the raw numbers. The places must tile the data without a gap or an overlap.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Place:
    """Where an array lies in the data of a file.

    Attributes:
        kind: Its number type, as the layout names it.
        shape: Its extents, at most 8.
        begin: Byte that it begins with.
        end: Byte behind it.
    """

    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int


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
    length = header_length(data[:8], len(data), MAX_HEADER_BYTES, source)
    body = memoryview(data)[8 + length :]
    sizes = {name: dtype.itemsize for name, dtype in _DTYPES.items()}
    places = parse_header(data[8 : 8 + length], len(body), sizes, source)
    return {
        name: np.frombuffer(body[place.begin : place.end], _DTYPES[place.kind])
        .reshape(place.shape)
        .astype(_DTYPES[place.kind].newbyteorder("="), copy=True)
        for name, place in places.items()
    }


def header_length(start: bytes, size: int, limit: int, source: str) -> int:
    """Bytes of the header of a file of `size` bytes, given its first eight.

    Raises:
        BundleError: There are fewer, or more than the limit.
    """
    length = int.from_bytes(start, "little") if len(start) == 8 else -1
    if not 0 <= length <= min(limit, size - 8):
        raise BundleError(f"{source}: not a safetensors file, or cut off")
    return length


def parse_header(
    text: bytes, body: int, sizes: Mapping[str, int], source: str, most: int | None = None
) -> dict[str, Place]:
    """Places of all arrays, which tile the data.

    Args:
        text: The JSON header, untrusted.
        body: Bytes of data behind it.
        sizes: Bytes of one number, by the name of the number type; others are refused.
        source: Where it comes from, for messages.
        most: How many arrays it may have; None for as many as the header has room for.

    Raises:
        BundleError: Damaged, too many arrays, another number type, or places that do not tile the
            data.
    """
    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{source}: damaged safetensors header: {error}") from error
    if not isinstance(header, dict):
        raise BundleError(f"{source}: the safetensors header must be a JSON object")
    _check_metadata(header.pop(_METADATA, {}), source)
    if most is not None and len(header) > most:
        raise BundleError(f"{source}: more than {most} tensors; it is hostile")
    places = {name: _place(name, entry, sizes, source) for name, entry in header.items()}
    _check_tiling(places, body, source)
    return places


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


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key occurs twice")
    return values


def _check_metadata(entry: object, source: str) -> None:
    if not isinstance(entry, dict) or not all(isinstance(each, str) for each in entry.values()):
        raise BundleError(f"{source}: {_METADATA} must map text to text")


def _place(name: str, entry: object, sizes: Mapping[str, int], source: str) -> Place:
    if not isinstance(entry, dict) or entry.keys() != _KEYS:
        raise BundleError(f"{source}: tensor {name!r} needs the keys {', '.join(sorted(_KEYS))}")
    kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(kind, str) or kind not in sizes:
        raise BundleError(
            f"{source}: tensor {name!r} has dtype {kind!r}; known: {', '.join(sizes)}"
        )
    if not _are_counts(shape) or len(shape) > _MAX_RANK:
        raise BundleError(f"{source}: tensor {name!r} has no valid shape")
    if not _are_counts(offsets) or len(offsets) != 2:
        raise BundleError(f"{source}: tensor {name!r} has no valid data_offsets")
    begin, end = offsets
    if end - begin != math.prod(shape) * sizes[kind]:
        raise BundleError(f"{source}: tensor {name!r} has another size than its shape says")
    return Place(kind, tuple(shape), begin, end)


def _are_counts(values: object) -> bool:
    return isinstance(values, list) and all(
        isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_ELEMENTS
        for value in values
    )


def _check_tiling(places: Mapping[str, Place], size: int, source: str) -> None:
    reached = 0
    for begin, end, name in sorted((each.begin, each.end, name) for name, each in places.items()):
        if begin != reached:
            raise BundleError(f"{source}: tensor {name!r} leaves a gap or overlaps another one")
        if end > size:
            raise BundleError(f"{source}: tensor {name!r} ends behind the file")
        reached = end
    if reached != size:
        raise BundleError(f"{source}: {size - reached} bytes belong to no tensor")

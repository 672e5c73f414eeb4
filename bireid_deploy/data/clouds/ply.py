"""Points of PLY files: text, or binary with the least significant byte first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bireid_runtime.clouds import AXES, MAX_POINTS
from bireid_runtime.errors import CloudError

_MAX_HEADER_BYTES = 2**16
_END = b"end_header"
_TYPES = {
    **{"char": "<i1", "uchar": "<u1", "short": "<i2", "ushort": "<u2", "int": "<i4"},
    **{"uint": "<u4", "float": "<f4", "double": "<f8"},
    # Later names say the bits.
    **{f"{name}{8 * size}": f"<{name[0]}{size}" for name in ("int", "uint") for size in (1, 2, 4)},
    **{f"float{8 * size}": f"<f{size}" for size in (4, 8)},
}
_FORMATS = ("ascii", "binary_little_endian")


@dataclass(frozen=True)
class _Header:
    """What a file says of its points.

    Attributes:
        is_text: Whether numbers are written out.
        count: Points, M.
        properties: Name and NumPy type of what each vertex has, in order.
        size: Bytes of the header.
    """

    is_text: bool
    count: int
    properties: tuple[tuple[str, str], ...]
    size: int


def parse_ply(data: bytes, source: str) -> np.ndarray:
    """The vertices of a file.

    Args:
        data: The bytes of the file, untrusted.
        source: Where they come from, for messages.

    Returns:
        float32 (M, 3); nothing is said of the numbers.

    Raises:
        CloudError: Not such a file, cut off, or another one than this reader knows.
    """
    header = _read_header(data, source)
    names = [name for name, _ in header.properties]
    body = data[header.size :]
    columns = (_text_columns if header.is_text else _binary_columns)(body, header, source)
    points = np.empty((header.count, AXES), np.float32)
    # What float32 cannot hold becomes infinite, and is refused as such.
    with np.errstate(over="ignore"):
        for axis, name in enumerate("xyz"):
            points[:, axis] = columns[names.index(name)]
    return points


def _read_header(data: bytes, source: str) -> _Header:
    head, end, _ = data[:_MAX_HEADER_BYTES].partition(_END)
    after = len(head) + len(_END)
    newline = data.find(b"\n", after, after + 2)
    lines = [line.strip() for line in head.decode("ascii", "replace").splitlines()]
    if not lines or lines[0] != "ply" or not end or newline < 0:
        raise CloudError(f"{source}: not a PLY file, or its header is cut off")
    words = [line.split() for line in lines[1:] if line]
    words = [each for each in words if each[0] not in ("comment", "obj_info")]
    if not words or len(words[0]) != 3 or words[0][0] != "format" or words[0][1] not in _FORMATS:
        raise CloudError(f"{source}: a PLY file of another format than {' or '.join(_FORMATS)}")
    count, properties = _vertices(words[1:], source)
    return _Header(words[0][1] == "ascii", count, properties, newline + 1)


def _vertices(
    words: Sequence[Sequence[str]], source: str
) -> tuple[int, tuple[tuple[str, str], ...]]:
    """How many vertices there are, and what each has."""
    first = words[0] if words else []
    is_vertex = len(first) == 3 and tuple(first[:2]) == ("element", "vertex")
    if not is_vertex or not first[2].isdecimal() or len(first[2]) > len(str(MAX_POINTS)):
        raise CloudError(
            f"{source}: its first element must be 'vertex', up to {MAX_POINTS} of them"
        )
    if int(first[2]) > MAX_POINTS:
        raise CloudError(f"{source}: {first[2]} vertices; a cloud has at most {MAX_POINTS} points")
    properties: list[tuple[str, str]] = []
    for each in words[1:]:
        if each[0] == "element":
            break
        if each[0] != "property" or len(each) != 3 or each[1] not in _TYPES:
            raise CloudError(f"{source}: {' '.join(each)!r} of a vertex is not understood")
        properties.append((each[2], _TYPES[each[1]]))
    names = [name for name, _ in properties]
    if len(set(names)) != len(names) or not {"x", "y", "z"} <= set(names):
        raise CloudError(f"{source}: a vertex must have x, y and z, and no property twice")
    return int(first[2]), tuple(properties)


def _binary_columns(body: bytes, header: _Header, source: str) -> list[np.ndarray]:
    kind = np.dtype(list(header.properties))
    if len(body) < kind.itemsize * header.count:
        raise CloudError(f"{source}: cut off: {header.count} vertices are not there")
    rows = np.frombuffer(body, kind, header.count)
    return [rows[name] for name, _ in header.properties]


def _text_columns(body: bytes, header: _Header, source: str) -> list[np.ndarray]:
    width = len(header.properties)
    lines = body.split(b"\n", header.count)[: header.count]
    numbers = [line.split() for line in lines]
    if len(numbers) < header.count or any(len(each) != width for each in numbers):
        raise CloudError(
            f"{source}: each of {header.count} vertices must be a line of {width} numbers"
        )
    try:
        rows = np.array(numbers, np.float64).reshape(header.count, width)
    except ValueError as error:
        raise CloudError(f"{source}: a vertex holds something else than numbers") from error
    return list(rows.T)

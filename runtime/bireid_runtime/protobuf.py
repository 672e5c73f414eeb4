"""The wire format of Protocol Buffers, as far as looking into a file needs it."""

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}


def fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a message, in their order: number and value.

    Whole numbers are unsigned 64-bit; everything else is a view of its bytes. What a parser merges,
    a field that occurs twice, comes twice.

    Raises:
        ValueError: It is no message.
    """
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(message, at)
        elif kind in _FIXED_SIZES:
            size = _FIXED_SIZES[kind]
        else:
            raise ValueError(f"wire type {kind}")
        if size > len(message) - at:
            raise ValueError("a field is longer than what holds it")
        yield number, message[at : at + size]
        at += size


def integers(value: int | memoryview) -> Iterator[int]:
    """Signed 64-bit numbers of a repeated field, packed or one by one.

    Raises:
        ValueError: The packed bytes are no numbers.
    """
    if isinstance(value, int):
        yield _signed(value)
        return
    at = 0
    while at < len(value):
        number, at = _varint(value, at)
        yield _signed(number)


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value & (2**64 - 1), at + index + 1
    raise ValueError("a number has no end")


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value

"""Checkpoints that somebody made to do harm, or that a disk did it to."""

import io
import pickle
import zipfile
from collections.abc import Callable

import numpy as np

_GLOBAL = b"ctorch._utils\n_rebuild_tensor_v2\n"
_STORAGE = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"


def zipped(
    program: bytes, storage: bytes = b"\0" * 64, compression: int = zipfile.ZIP_STORED
) -> bytes:
    """A checkpoint around a pickle, with one storage named 0."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("net/data.pkl", program)
        archive.writestr("net/data/0", storage)
    return file.getvalue()


def tensor(elements: int, offset: int, shape: int, stride: int) -> bytes:
    """The pickle of a dictionary with one tensor of one axis."""
    number = lambda value: b"I%d\n" % value  # noqa: E731
    place = _STORAGE + number(elements) + b"tQ" + number(offset)
    extents = b"(" + number(shape) + b"t(" + number(stride) + b"t"
    return b"\x80\x02}X\x01\x00\x00\x00a" + _GLOBAL + b"(" + place + extents + b"I00\nNtRs."


# What puts a tensor on the stack, and its name before it.
_PLACE = tensor(16, 0, 4, 1).removeprefix(b"\x80\x02}X\x01\x00\x00\x00a").removesuffix(b"s.")
_PAIR = b"X\x01\x00\x00\x00a" + _PLACE


class _Calls:
    def __reduce__(self):
        import os

        return os.mkdir, ("made-by-a-checkpoint",)


def hostile() -> dict[str, Callable[[], bytes]]:
    """Makes each file; the key says what it does."""
    deep = b"\x80\x02}" + b")" + b"\x85" * 200_000 + b"I1\nsX\x01\x00\x00\x00aI1\ns."
    return {
        "calls a function": lambda: zipped(pickle.dumps({"a": _Calls()}, protocol=2)),
        "a stride of 0 for 2**34 elements": lambda: zipped(tensor(16, 0, 2**34, 0)),
        "a tensor behind its storage": lambda: zipped(tensor(16, 10, 7, 1)),
        "a tensor before its storage": lambda: zipped(tensor(16, -1, 2, 1)),
        "a storage larger than its member": lambda: zipped(tensor(2**38, 0, 4, 1)),
        "unfolds to 256 MB": lambda: zipped(
            tensor(2**26, 0, 2**26, 1), b"\0" * 2**28, zipfile.ZIP_DEFLATED
        ),
        "a memo of 2**32 places": lambda: zipped(b"\x80\x02}r\xff\xff\xff\xff."),
        "text of 2**40 bytes": lambda: zipped(b"\x80\x04\x8d" + (2**40).to_bytes(8, "little")),
        "a key that is nested 200,000 deep": lambda: zipped(deep),
        "an endless pickle": lambda: zipped(b"\x80\x02" + b"N" * 2_000_000 + b"."),
        "extension codes": lambda: zipped(b"\x80\x02\x82\x01."),
        "a list that holds itself": lambda: zipped(b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s."),
        "a key that occurs twice": lambda: zipped(b"\x80\x02}(" + _PAIR * 2 + b"u."),
        "a key that occurs twice, one by one": lambda: zipped(
            b"\x80\x02}" + (_PAIR + b"s") * 2 + b"."
        ),
        "a key that occurs twice in an OrderedDict": lambda: zipped(
            b"\x80\x02ccollections\nOrderedDict\n](" + (_PAIR + b"\x86") * 2 + b"e\x85R."
        ),
        "a name by two ways": lambda: zipped(
            b"\x80\x02}(X\x01\x00\x00\x00a}" + _PAIR + b"sX\x03\x00\x00\x00a.a" + _PLACE + b"u."
        ),
        "100,001 tensors in safetensors": _many_tensors,
        "a pickle without PyTorch": lambda: pickle.dumps({"a": [1, 2]}),
        "nothing of a network": lambda: zipped(pickle.dumps({"epoch": 3}, protocol=2)),
        "a zip without a checkpoint": _zip_of_text,
        "safetensors with a gap": lambda: _safetensors([8, 16], 16),
        "safetensors behind the end": lambda: _safetensors([0, 2**40], 16),
        "text": lambda: b"hello",
        "empty": lambda: b"",
        "an array of NumPy": _npy,
        "HDF5": lambda: b"\x89HDF\r\n\x1a\n" + b"\0" * 600,
    }


def _many_tensors() -> bytes:
    entry = '"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    header = ("{" + ",".join(entry % number for number in range(100_001)) + "}").encode()
    return len(header).to_bytes(8, "little") + header


def _zip_of_text() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "hello")
    return file.getvalue()


def _safetensors(offsets: list[int], body: int) -> bytes:
    count = (offsets[1] - offsets[0]) // 4
    header = b'{"a":{"dtype":"F32","shape":[%d],"data_offsets":[%d,%d]}}' % (count, *offsets)
    return len(header).to_bytes(8, "little") + header + b"\0" * body


def _npy() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()

import json
import struct

import numpy as np
import pytest
from bireid_runtime.errors import BundleError
from bireid_runtime.safetensors import read_safetensors, write_safetensors

ARRAYS = {
    "pixels": np.arange(18, dtype=np.uint8).reshape(2, 3, 3),
    "row": np.array([1.5, -2.0], np.float32),
    "number": np.float32(3.25).reshape(()),
}


def packed(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def entry(dtype="U8", shape=(4,), offsets=(0, 4)) -> dict:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_round_trip():
    data = write_safetensors(ARRAYS)
    found = read_safetensors(data, "file")
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
        assert found[name].flags.writeable
    assert write_safetensors(dict(reversed(ARRAYS.items()))) == data


def test_numbers_lie_aligned():
    data = write_safetensors(ARRAYS)
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    for each in header.values():
        if each["dtype"] == "F32":
            assert (8 + length + each["data_offsets"][0]) % 4 == 0


def test_a_file_of_another_writer_is_read():
    header = {"__metadata__": {"format": "np"}, "b": entry(), "a": entry(offsets=(4, 8))}
    found = read_safetensors(packed(header, bytes(range(8))), "file")
    assert {name: list(array) for name, array in found.items()} == {
        "a": [4, 5, 6, 7],
        "b": [0, 1, 2, 3],
    }


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a safetensors file"),
        (b"\0" * 7, "not a safetensors file"),
        (struct.pack("<Q", 2**63) + b"{}", "not a safetensors file"),
        (struct.pack("<Q", 3) + b"{}", "not a safetensors file"),
        (struct.pack("<Q", 2**20 + 1) + bytes(2**21), "not a safetensors file"),
        (packed([]), "must be a JSON object"),
        (packed(b"{"), "damaged safetensors header"),
        (packed(b"\xff\xff"), "damaged safetensors header"),
        (packed(b"[" * 100_000), "damaged safetensors header"),
        (packed(b'{"a": 1, "a": 2}'), "occurs twice"),
        (packed({"a": 3}), "'a' needs the keys"),
        (packed({"a": {**entry(), "x": 1}}, bytes(4)), "'a' needs the keys"),
        (packed({"a": entry(dtype="F64", shape=(1,), offsets=(0, 8))}, bytes(8)), "dtype 'F64'"),
        (packed({"a": entry(dtype=[])}, bytes(4)), r"dtype \[\]"),
        (packed({"a": entry(shape=(-4,))}, bytes(4)), "no valid shape"),
        (packed({"a": entry(shape=(True, 4))}, bytes(4)), "no valid shape"),
        (packed({"a": entry(shape=(2**60, 2**60))}, bytes(4)), "no valid shape"),
        (packed({"a": entry(shape=[1] * 9)}, bytes(4)), "no valid shape"),
        (packed({"a": {**entry(), "shape": 4}}, bytes(4)), "no valid shape"),
        (packed({"a": entry(offsets=(0, 4, 4))}, bytes(4)), "no valid data_offsets"),
        (packed({"a": entry(offsets=(4, 0))}, bytes(4)), "another size than its shape"),
        (packed({"a": entry(offsets=(0, 3))}, bytes(4)), "another size than its shape"),
        (packed({"a": entry(offsets=(1, 5))}, bytes(5)), "leaves a gap"),
        (packed({"a": entry(), "b": entry()}, bytes(4)), "overlaps"),
        (packed({"a": entry()}, bytes(3)), "ends behind the file"),
        (packed({"a": entry()}, bytes(5)), "1 bytes belong to no tensor"),
        (packed({"__metadata__": {"a": 1}}), "must map text to text"),
    ],
)
def test_what_is_no_such_file(data, message):
    with pytest.raises(BundleError, match=message):
        read_safetensors(data, "file")


def test_a_cut_file_is_refused_at_every_length():
    data = write_safetensors(ARRAYS)
    for length in range(len(data)):
        with pytest.raises(BundleError):
            read_safetensors(data[:length], "file")


def test_changed_headers_never_crash():
    rng = np.random.default_rng(0)
    data = write_safetensors(ARRAYS)
    refused = 0
    for _ in range(300):
        changed = np.frombuffer(data, np.uint8).copy()
        changed[rng.integers(0, len(data) - 30, 2)] = rng.integers(0, 256, 2)
        try:
            read_safetensors(changed.tobytes(), "file")
        except BundleError:
            refused += 1
    assert refused > 100


def test_other_types_cannot_be_written():
    with pytest.raises(BundleError, match="'a' is float64"):
        write_safetensors({"a": np.zeros(2)})

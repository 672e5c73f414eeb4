"""What `open_npz` refuses is tested through the files of embeddings and checkpoints as well."""

import zipfile

import numpy as np
import pytest
from bireid_runtime.errors import ArrayFileError
from bireid_runtime.npz import open_npz

ARRAYS = {
    "half": np.arange(6, dtype=np.float16).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "truth": np.array([True, False]),
    "a/name:0": np.float32(2.5).reshape(()),
    "text": np.array(["a", "bcd"]),
    "empty": np.empty((0, 4), np.uint8),
}


def test_arrays_of_numpy_are_read(tmp_path):
    np.savez(tmp_path / "a.npz", **ARRAYS)
    with open_npz(tmp_path / "a.npz") as file:
        assert set(file.names) == set(ARRAYS)
        for name, array in ARRAYS.items():
            found = file.read(name)
            assert (found.dtype, found.shape) == (array.dtype, array.shape)
            np.testing.assert_array_equal(found, array)
            assert found.flags.writeable


def test_what_is_not_there(tmp_path):
    np.savez(tmp_path / "a.npz", **ARRAYS)
    with open_npz(tmp_path / "a.npz") as file, pytest.raises(ArrayFileError, match="no item named"):
        file.read("none")
    with pytest.raises(FileNotFoundError), open_npz(tmp_path / "none.npz"):
        pass


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_is_no_such_file(tmp_path):
    np.savez_compressed(tmp_path / "packed.npz", **ARRAYS)
    with zipfile.ZipFile(tmp_path / "twice.npz", "w") as archive:
        archive.writestr("a.npy", b"")
        archive.writestr("a.npy", b"")
    (tmp_path / "text.npz").write_text("text")
    for name, message in (
        ("packed", "compressed"),
        ("twice", "occurs twice"),
        ("text", "not a readable"),
    ):
        with pytest.raises(ArrayFileError, match=message), open_npz(tmp_path / f"{name}.npz"):
            pass


def test_a_damaged_array_is_noticed(tmp_path):
    np.savez(tmp_path / "a.npz", row=np.arange(100, dtype=np.float32))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[content.index(np.float32(50).tobytes())] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    with open_npz(tmp_path / "a.npz") as file, pytest.raises(ArrayFileError, match="CRC"):
        file.read("row")

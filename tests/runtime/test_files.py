"""What is no file is not read, and what is written is there whole or not at all."""

import gc
import os
import resource
import stat
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime.errors import ArrayFileError, ImageError
from bireid_runtime.files import atomic_file, open_regular
from bireid_runtime.images import load_image
from bireid_runtime.npz import open_npz, write_npz

YESTERDAY = 2 * 24 * 3600


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "x.png"
    os.mkfifo(path)
    return path


def test_a_pipe_is_not_waited_for(pipe):
    with pytest.raises(OSError, match="not a regular file"):
        open_regular(pipe)
    with pytest.raises(ImageError, match=r"x\.png: cannot be read as an image: not a regular file"):
        load_image(pipe)
    with pytest.raises(ArrayFileError, match="not a regular file"), open_npz(pipe):
        pass


def test_a_device_and_a_folder_are_no_files(tmp_path):
    with pytest.raises(OSError, match="not a regular file"):
        open_regular("/dev/zero")
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)


def _write(path, content):
    with atomic_file(path) as file:
        file.write(content)


def test_a_file_is_replaced_with_the_rights_that_others_expect(tmp_path):
    path = tmp_path / "a"
    _write(path, b"old")
    _write(path, b"new")
    assert path.read_bytes() == b"new"
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_an_exception_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "a"
    _write(path, b"old")
    with pytest.raises(ZeroDivisionError), atomic_file(path) as file:
        file.write(bytes([1 // len(b"")]))
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("size", [5000, 100_000])
def test_a_full_disk_is_named_with_the_file(tmp_path, size):
    path = tmp_path / "a"
    _write(path, b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            _write(path, bytes(size))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_full_disk_under_arrays_is_one_error(tmp_path, capfd):
    """And nothing that Python would complain of when it throws the archive away."""
    path = tmp_path / "a.npz"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"), atomic_file(path) as file:
            write_npz(file, {"a": np.zeros(5000), "b": np.zeros(5000)})
        gc.collect()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert capfd.readouterr().err == ""
    assert os.listdir(tmp_path) == []


def test_arrays_are_what_numpy_writes(tmp_path):
    arrays = {"a/b:0": np.arange(6.0).reshape(2, 3), "text": np.array(["x", "yz"])}
    with atomic_file(tmp_path / "a.npz") as file:
        write_npz(file, arrays)
    with np.load(tmp_path / "a.npz") as found:
        assert list(found) == list(arrays)
        assert all(np.array_equal(found[name], each) for name, each in arrays.items())


def test_a_planted_link_is_not_followed(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    monkeypatch.setattr("secrets.token_hex", lambda size: "0")
    (tmp_path / ".a.0.partial").symlink_to(victim)
    with pytest.raises(FileExistsError):
        _write(tmp_path / "a", b"yours")
    assert victim.read_text() == "mine"


def test_what_a_killed_run_left_goes_and_what_another_writes_stays(tmp_path):
    old, young, other = (tmp_path / name for name in (".a.1.partial", ".a.2.partial", "b.partial"))
    for path in (old, young, other):
        path.touch()
    for path in (old, other):
        moment = path.stat().st_mtime - YESTERDAY
        os.utime(path, (moment, moment))
    _write(tmp_path / "a", b"new")
    assert set(Path(tmp_path).iterdir()) == {tmp_path / "a", young, other}

import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from bireid_converters.checkpoints import read_checkpoint
from bireid_converters.errors import CheckpointError
from hostile_checkpoints import hostile, zipped

FILES = Path(__file__).parent / "checkpoints"
HOSTILE = hostile()


def _read(path):
    with read_checkpoint(path) as checkpoint:
        return {name: tensor.numpy() for name, tensor in checkpoint.tensors.items()}


@pytest.fixture(scope="module")
def expected():
    with np.load(FILES / "tensors.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize(
    "name",
    [
        "state.pth",
        "legacy.pth",
        "training.pth",
        "averaged.pth",
        "module.pth",
        "script.pt",
        "state.safetensors",
    ],
)
def test_every_layout_gives_the_tensors_that_pytorch_wrote(name, expected):
    with read_checkpoint(FILES / name) as checkpoint:
        found = {key: tensor.numpy() for key, tensor in checkpoint.tensors.items()}
    assert found.keys() == expected.keys()
    for key, array in expected.items():
        assert found[key].dtype == array.dtype
        np.testing.assert_array_equal(found[key], array)


def test_bfloat16_becomes_the_float32_of_the_same_value(expected):
    with read_checkpoint(FILES / "bfloat16.pth") as checkpoint:
        found = checkpoint.tensors["conv1.weight"].numpy()
    exact = expected["conv1.weight"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, exact, rtol=2**-8)
    assert not np.any(found.view(np.uint32) & 0xFFFF)


def test_views_of_one_storage_have_their_own_elements():
    with read_checkpoint(FILES / "views.pth") as checkpoint:
        many = np.arange(100, dtype=np.float32)
        np.testing.assert_array_equal(checkpoint.tensors["slice"].numpy(), many[10:20])
        transposed = checkpoint.tensors["transposed"].numpy()
    np.testing.assert_array_equal(transposed, many.reshape(10, 10).T)


def test_what_else_the_file_holds_is_named():
    with read_checkpoint(FILES / "training.pth") as checkpoint:
        skipped = checkpoint.skipped
    assert skipped["args"] == "argparse.Namespace"
    assert skipped.keys() == {"args", "epoch", "rank1", "optimizer"}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_in_one_line(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.pth"
    path.write_bytes(HOSTILE[kind]())
    with pytest.raises(CheckpointError) as refusal:
        _read(path)
    message = str(refusal.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < len(str(path)) + 200
    assert not (tmp_path / "made-by-a-checkpoint").exists()


def _declared(path, *, size, stored, method=zipfile.ZIP_STORED):
    """A data.pkl of zeros, without the disk they would take: `stored` bytes, `size` declared."""
    name = b"net/data.pkl"
    end = 30 + len(name) + stored
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, method, 0, 0, 0, stored, size, len(name), 0)
    places = (0, stored, size, len(name), 0, 0, 0, 0, 0, 0)
    central = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, method, 0, 0, *places) + name
    tail = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(central), end, 0)
    with path.open("wb") as file:
        file.write(local + name)
        file.seek(end)
        file.write(central + tail)


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        ({"size": 2**31, "stored": 2**21, "method": zipfile.ZIP_DEFLATED}, "pkl is compressed"),
        ({"size": 2**31, "stored": 2**31}, "pkl is too long"),
        ({"size": 64, "stored": 2**31}, "pkl has two sizes"),
    ],
    ids=["deflated", "stored", "declared small"],
)
def test_a_huge_pickle_is_refused_in_little_memory(tmp_path, declared, reason):
    path = tmp_path / "net.pth"
    _declared(path, **declared)
    program = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (10**9, 10**9))\n"
        "from bireid_converters.checkpoints import read_checkpoint\n"
        "with read_checkpoint(sys.argv[1]): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("bireid_converters.errors.CheckpointError: ")
    assert reason in last


def test_the_file_that_calls_a_function_would_call_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.pth"
    path.write_bytes(HOSTILE["calls a function"]())
    with zipfile.ZipFile(path) as archive:
        pickle.loads(archive.read("net/data.pkl"))
    assert (tmp_path / "made-by-a-checkpoint").is_dir()


def test_a_flipped_bit_in_the_numbers_is_found(tmp_path):
    data = bytearray((FILES / "state.pth").read_bytes())
    with zipfile.ZipFile(FILES / "state.pth") as archive:
        member = next(each for each in archive.infolist() if each.filename.endswith("data/0"))
    data[member.header_offset + 200] ^= 1
    path = tmp_path / "net.pth"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="damaged"):
        _read(path)


def test_a_quantised_network_says_so(tmp_path):
    path = tmp_path / "net.pth"
    program = b"\x80\x02}X\x01\x00\x00\x00actorch._utils\n_rebuild_qtensor\n)Rs."
    path.write_bytes(zipped(program))
    with pytest.raises(CheckpointError, match="quantised tensor"), read_checkpoint(path):
        pass

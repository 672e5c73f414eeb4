import io
import zipfile

import numpy as np
import pytest
from bireid_runtime import Golden
from bireid_runtime.errors import BundleError


@pytest.fixture
def golden(crops) -> Golden:
    rows = np.random.default_rng(0).normal(size=(len(crops), 6)).astype(np.float32)
    return Golden(tuple(crops), rows, max_abs=1e-3, min_cosine=0.98)


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def members_of(golden: Golden) -> dict[str, bytes]:
    arrays = {f"crop_{i}": crop for i, crop in enumerate(golden.crops)}
    arrays |= {"embeddings": golden.embeddings}
    arrays |= {"max_abs": np.float64(1e-3), "min_cosine": np.float64(0.98)}
    return {f"{name}.npy": npy(array) for name, array in arrays.items()}


def write_zip(path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def test_round_trip(golden, tmp_path):
    golden.save(tmp_path / "golden.npz")
    loaded = Golden.load(tmp_path / "golden.npz")
    assert len(loaded.crops) == len(golden.crops)
    for a, b in zip(loaded.crops, golden.crops, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(loaded.embeddings, golden.embeddings)
    assert (loaded.max_abs, loaded.min_cosine) == (1e-3, 0.98)


def test_save_is_reproducible_and_leaves_one_file(golden, tmp_path):
    golden.save(tmp_path / "golden.npz")
    first = (tmp_path / "golden.npz").read_bytes()
    golden.save(tmp_path / "golden.npz")
    assert (tmp_path / "golden.npz").read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["golden.npz"]


def test_interrupted_save_keeps_the_old_file(golden, tmp_path, monkeypatch):
    golden.save(tmp_path / "golden.npz")
    before = (tmp_path / "golden.npz").read_bytes()

    def disk_full(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", disk_full)
    with pytest.raises(OSError, match="No space"):
        golden.save(tmp_path / "golden.npz")
    assert (tmp_path / "golden.npz").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["golden.npz"]


def test_hand_written_file_is_read(golden, tmp_path):
    write_zip(tmp_path / "a.npz", members_of(golden))
    assert Golden.load(tmp_path / "a.npz").embeddings.shape == golden.embeddings.shape


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("embeddings.npy", npy(np.array([{"a": 1}], dtype=object)), "size that its header"),
        ("embeddings.npy", npy(np.zeros((4, 6))), "float32"),
        ("embeddings.npy", npy(np.zeros((3, 6), np.float32)), "float32"),
        ("embeddings.npy", npy(np.full((4, 6), np.nan, np.float32)), "finite"),
        ("embeddings.npy", b"nonsense", "cannot be read"),
        ("crop_0.npy", npy(np.zeros((4, 4, 3))), "crop_0"),
        ("crop_0.npy", npy(np.zeros((4, 4, 3), np.uint8))[:-1], "size that its header"),
        ("crop_7.npy", npy(np.zeros((4, 4, 3), np.uint8)), "expected crop_0"),
        ("extra.npy", npy(np.zeros(3)), "expected crop_0"),
        ("max_abs.npy", npy(np.float64("nan")), "max_abs"),
        ("max_abs.npy", npy(np.zeros(2)), "max_abs"),
        ("min_cosine.npy", npy(np.float64(1.5)), "min_cosine"),
        ("min_cosine.npy", npy(np.str_("0.9")), "min_cosine"),
    ],
)
def test_malformed_array_is_named(golden, tmp_path, name, data, message):
    write_zip(tmp_path / "a.npz", members_of(golden) | {name: data})
    with pytest.raises(BundleError, match=message):
        Golden.load(tmp_path / "a.npz")


def test_missing_array(golden, tmp_path):
    members = members_of(golden)
    del members["crop_1.npy"]
    write_zip(tmp_path / "a.npz", members)
    with pytest.raises(BundleError, match="expected crop_0"):
        Golden.load(tmp_path / "a.npz")


def test_zip_bomb_is_refused_by_its_declared_size(golden, tmp_path):
    bomb = npy(np.zeros((1, 22 * 2**20, 3), np.uint8))
    write_zip(tmp_path / "a.npz", members_of(golden) | {"crop_0.npy": bomb})
    assert (tmp_path / "a.npz").stat().st_size < 2**20
    with pytest.raises(BundleError, match="unpacks to more than"):
        Golden.load(tmp_path / "a.npz")


def test_header_that_claims_terabytes_is_refused(golden, tmp_path):
    header = npy(np.zeros((4, 6), np.float32)).replace(b"(4, 6), ", b"(2000000, 2000000), ")
    write_zip(tmp_path / "a.npz", members_of(golden) | {"embeddings.npy": header})
    with pytest.raises(BundleError):
        Golden.load(tmp_path / "a.npz")


def test_too_many_members(golden, tmp_path):
    many = {f"crop_{i}.npy": npy(np.zeros((1, 1, 3), np.uint8)) for i in range(100)}
    write_zip(tmp_path / "a.npz", members_of(golden) | many)
    with pytest.raises(BundleError, match="arrays; at most"):
        Golden.load(tmp_path / "a.npz")


@pytest.mark.parametrize("keep", [0, 20, 0.5, 0.99])
def test_truncated_file_is_named(golden, tmp_path, keep):
    golden.save(tmp_path / "golden.npz")
    data = (tmp_path / "golden.npz").read_bytes()
    size = keep if isinstance(keep, int) else int(len(data) * keep)
    (tmp_path / "golden.npz").write_bytes(data[:size])
    with pytest.raises(BundleError, match=r"golden\.npz"):
        Golden.load(tmp_path / "golden.npz")


def test_damaged_bytes_are_noticed(golden, tmp_path):
    golden.save(tmp_path / "golden.npz")
    data = bytearray((tmp_path / "golden.npz").read_bytes())
    data[data.index(golden.crops[2].tobytes()[:16])] ^= 1
    (tmp_path / "golden.npz").write_bytes(data)
    with pytest.raises(BundleError, match="CRC"):
        Golden.load(tmp_path / "golden.npz")


def test_no_crops_are_refused():
    with pytest.raises(BundleError, match="1 to 64"):
        Golden((), np.zeros((0, 6), np.float32), 1e-3, 0.9)

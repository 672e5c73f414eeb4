"""Point clouds from files: ModelNet's layout, ten shapes, PLY and NumPy; all of it untrusted."""

import os
import sys

import numpy as np
import pytest
from bireid_runtime.errors import BireidError, CloudError

from bireid_deploy.data.clouds.dataset import clouds_of, labels_of, open_cloud_dataset
from bireid_deploy.data.clouds.hdf5 import read_clouds, write_clouds
from bireid_deploy.data.clouds.ply import parse_ply
from bireid_deploy.data.clouds.shapes import SHAPES, sample_shape
from bireid_deploy.data.clouds.write_shapes import write_shapes
from bireid_deploy.data.folders import count_left_out
from bireid_deploy.data.item_files import find_items, read_items
from bireid_deploy.errors import DatasetError, MissingPackageError

h5py = pytest.importorskip("h5py", reason="h5py is not installed: the extra points")

SMALL = {"train": 2, "test": 1, "size": 16}


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    return write_shapes(tmp_path_factory.mktemp("shapes") / "ten", **SMALL)


@pytest.fixture
def release(tmp_path):
    """The layout of ModelNet40's release: lists that name files by other folders."""
    rng = np.random.default_rng(0)
    for index, labels in enumerate(([0, 1], [2], [1, 2])):
        split = "test" if index == 2 else "train"
        clouds = rng.normal(size=(len(labels), 8, 3)).astype(np.float32)
        write_clouds(tmp_path / f"ply_data_{split}{index}.h5", clouds, np.array(labels, np.uint8))
    lists = {"train": (0, 1), "test": (2,)}
    for split, numbers in lists.items():
        lines = [f"data/modelnet40_ply_hdf5_2048/ply_data_{split}{each}.h5\n" for each in numbers]
        (tmp_path / f"{split}_files.txt").write_text("".join(lines))
    (tmp_path / "shape_names.txt").write_text("airplane\nbathtub\nbed\n")
    return tmp_path


def test_the_release_is_read(release):
    found = open_cloud_dataset(release)
    assert found.classes == ("airplane", "bathtub", "bed")
    assert [each.path.name for each in found.train] == ["ply_data_train0.h5", "ply_data_train1.h5"]
    assert labels_of(found.train).tolist() == [0, 1, 2]
    assert labels_of(found.test).tolist() == [1, 2]
    assert clouds_of(found.test[0]).shape == (2, 8, 3)
    assert found.remarks == ()


def test_files_of_no_split_are_counted(release):
    write_clouds(release / "more.h5", np.zeros((1, 8, 3), np.float32), np.zeros(1, np.uint8))
    (release / "test_files.txt").write_text("ply_data_test2.h5\nempty.h5\n")
    write_clouds(release / "empty.h5", np.zeros((0, 8, 3), np.float32), np.zeros(0, np.uint8))
    counted = {"without a cloud": 1, "of no split": 1}
    assert count_left_out(open_cloud_dataset(release).left_out) == counted
    assert count_left_out(open_cloud_dataset(release, "train").left_out) == {"of no split": 1}


@pytest.mark.parametrize("suffix", [".h5", ".ply", ".npy", ""])
def test_a_pipe_is_no_file_of_items(tmp_path, suffix):
    """It would be waited for without end."""
    path = tmp_path / f"cloud{suffix}"
    os.mkfifo(path)
    with pytest.raises((BireidError, OSError), match=r"not a regular file|takes files of other"):
        [*find_items([path], "PointClassifier").files, *read_items(path)]


def test_without_names_and_lists(release):
    for name in ("train_files.txt", "test_files.txt", "shape_names.txt"):
        (release / name).unlink()
    found = open_cloud_dataset(release)
    assert found.classes == ("0", "1", "2")
    assert len(labels_of(found.train)) == 3
    assert found.remarks == ("no shape_names.txt: classes are called by their numbers",)


def test_real_clouds(real_data):
    found = open_cloud_dataset(real_data / "bimnet10")
    assert (len(labels_of(found.train)), len(labels_of(found.test))) == (165, 51)
    assert len(found.classes) == 10
    assert clouds_of(found.test[0]).shape == (51, 2048, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: (r / "test_files.txt").write_text("absent.h5"), "absent.h5: no such file"),
        (lambda r: (r / "test_files.txt").write_text("\n"), "a name in every line"),
        (lambda r: (r / "test_files.txt").write_bytes(b"\xff\n"), "cannot be read"),
        (lambda r: (r / "shape_names.txt").write_text("a\nb\n"), "names 2 classes; .* a label 2"),
        (lambda r: (r / "shape_names.txt").write_text("a\nb\na\n"), "names a class twice"),
        (lambda r: (r / "shape_names.txt").write_text("a\nb\nc\nd\n"), "no training cloud.* 'd'"),
        (lambda r: (r / "shape_names.txt").write_text("a" * 70_000), "larger than"),
        (lambda r: (r / "ply_data_test2.h5").write_bytes(b"text"), "not a readable HDF5 file"),
        (lambda r: [each.unlink() for each in r.glob("*train*")], r"neither train_files.txt nor"),
    ],
)
def test_a_damaged_release_is_named(release, change, message):
    change(release)
    with pytest.raises(DatasetError, match=message):
        open_cloud_dataset(release)


def _write(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values
    return path


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"label": [0]}, "holds no 'data' of its own"),
        ({"data": np.zeros((1, 8, 3))}, "holds no 'label'"),
        ({"data": np.zeros((1, 8, 2)), "label": [0]}, r"must be float \(M, points, 3\)"),
        ({"data": np.zeros((1, 8, 3), np.int32), "label": [0]}, "must be float"),
        ({"data": np.zeros((2, 8, 3)), "label": [0]}, "a whole number for each of 2 clouds"),
        ({"data": np.zeros((1, 8, 3)), "label": [0.5]}, "a whole number for each of 1 cloud"),
        ({"data": np.zeros((1, 8, 3)), "label": [1000]}, "labels must lie in 0..999"),
        ({"data": np.zeros((1, 8, 3)), "label": [-1]}, "labels must lie in 0..999"),
        ({"data": "text", "label": [0]}, "no array of numbers"),
        ({"data/inside": np.zeros(3), "label": [0]}, "no array that lies in the file"),
    ],
)
def test_another_hdf5_file_is_refused(release, arrays, message):
    _write(release / "ply_data_test2.h5", **arrays)
    with pytest.raises(DatasetError, match=message):
        open_cloud_dataset(release)


def test_hdf5_may_not_lead_out_of_its_file(release):
    outside = _write(release / "outside.h5", data=np.zeros((1, 8, 3)))
    path = release / "ply_data_test2.h5"
    with h5py.File(path, "w") as file:
        file["data"] = h5py.ExternalLink(str(outside), "data")
        file["label"] = [0]
    with pytest.raises(DatasetError, match="holds no 'data' of its own"):
        read_clouds(path)
    layout = h5py.VirtualLayout((1, 8, 3), "f4")
    layout[:] = h5py.VirtualSource(str(outside), "data", (1, 8, 3))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("data", layout)
    with pytest.raises(DatasetError, match="no array that lies in the file"):
        read_clouds(path)


def test_a_huge_array_is_not_read(release):
    path = release / "ply_data_test2.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("data", (2**16, 2**14, 3), "f4", chunks=(1, 64, 3))
    with pytest.raises(DatasetError, match="larger than"):
        read_clouds(path)


def test_without_h5py_the_extra_is_named(release, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingPackageError, match=r'h5py is not installed: .*\[points\]"'):
        open_cloud_dataset(release)


def test_ten_shapes(shapes, tmp_path):
    assert shapes.classes == tuple(SHAPES)
    assert np.bincount(labels_of(shapes.train)).tolist() == [2] * 10
    assert np.bincount(labels_of(shapes.test)).tolist() == [1] * 10
    clouds = clouds_of(shapes.train[0])
    assert (clouds.dtype, clouds.shape) == (np.float32, (20, 16, 3))
    again = write_shapes(tmp_path / "again", **SMALL)
    np.testing.assert_array_equal(clouds_of(again.train[0]), clouds)
    other = write_shapes(tmp_path / "other", **SMALL, seed=1)
    assert not np.array_equal(clouds_of(other.train[0]), clouds)


def test_shapes_are_reused_and_recognised(shapes, tmp_path):
    root = tmp_path / "ten"
    write_shapes(root, **SMALL)
    write_shapes(root, **SMALL)
    with pytest.raises(DatasetError, match="size 16, not 17"):
        write_shapes(root, **{**SMALL, "size": 17})
    (root / "shape_names.txt").write_text("changed\n")
    with pytest.raises(DatasetError, match="are not those that"):
        write_shapes(root, **SMALL)
    with pytest.raises(DatasetError, match="size is 7, outside 8"):
        write_shapes(root, **{**SMALL, "size": 7})


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_fills_its_box(name):
    cloud = sample_shape(name, 2000, np.random.default_rng(0))
    assert np.isfinite(cloud).all()
    extent = np.ptp(cloud, axis=0)
    assert (extent > 0.15).all()
    assert (np.abs(cloud) < 1.3).all()


POINTS = np.array([[0, 0.5, -1], [2, 3e-3, 4], [5, 6, 7e5], [1, 1, 1]], np.float32)
BINARY = """ply
format binary_little_endian 1.0
comment made by a test
element vertex 4
property float x
property uchar red
property double y
property float z
element face 0
property list uchar int vertex_indices
end_header
"""


def binary_ply(points=POINTS, header=BINARY):
    rows = np.zeros(len(points), [("x", "<f4"), ("red", "u1"), ("y", "<f8"), ("z", "<f4")])
    rows["x"], rows["y"], rows["z"] = points.T
    return header.encode() + rows.tobytes()


def text_ply(points=POINTS, newline="\n"):
    lines = ["ply", "format ascii 1.0", f"element vertex {len(points)}", "property float z"]
    lines += ["property int quality", "property float y", "property float x", "end_header"]
    lines += [f"{z:.9g} 7 {y:.9g} {x:.9g}" for x, y, z in points.astype(np.float64)]
    return (newline.join(lines) + newline).encode()


@pytest.mark.parametrize(
    "data", [binary_ply(), text_ply(), text_ply(newline="\r\n"), binary_ply() + b"faces"]
)
def test_ply(data):
    found = parse_ply(data, "a.ply")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, POINTS)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a PLY file"),
        (b"plyx\n", "not a PLY file"),
        (BINARY.encode()[:-12], "its header is cut off"),
        (binary_ply()[:-1], "cut off: 4 vertices are not there"),
        (binary_ply(header=BINARY.replace("little", "big")), "of another format"),
        (binary_ply(header=BINARY.replace("float x", "float w")), "must have x, y and z"),
        (binary_ply(header=BINARY.replace("float x", "float y")), "no property twice"),
        (binary_ply(header=BINARY.replace("float x", "half x")), "'property half x' of a vertex"),
        (
            binary_ply(header=BINARY.replace("float x", "list uchar float x")),
            "'property list uchar float x' of a vertex is not understood",
        ),
        (binary_ply(header=BINARY.replace("vertex 4", "face 4")), "first element must be 'vertex'"),
        (binary_ply(header=BINARY.replace("vertex 4", "vertex -4")), "first element must be"),
        (binary_ply(header=BINARY.replace("vertex 4", "vertex 16777217")), "at most 16777216"),
        (binary_ply(header=BINARY.replace("vertex 4", "vertex " + "9" * 20)), "first element"),
        (text_ply()[:-4], "a line of 4 numbers"),
        (text_ply().replace(b" 7 ", b" "), "a line of 4 numbers"),
        (text_ply().replace(b" 7 ", b" x "), "something else than numbers"),
        (b"ply\nformat ascii 1.0\n" + b"comment\n" * 9000 + b"end_header\n", "header is cut off"),
    ],
)
def test_another_ply_file_is_refused(data, message):
    with pytest.raises(CloudError, match=message):
        parse_ply(data, "a.ply")


def test_files_of_items(tmp_path, shapes):
    np.save(tmp_path / "one.npy", POINTS.astype(np.float64))
    np.save(tmp_path / "two.npy", np.stack([POINTS, POINTS + 1]))
    (tmp_path / "three.PLY").write_bytes(binary_ply())
    (tmp_path / ".hidden.ply").write_bytes(b"")
    (tmp_path / "picture.png").write_bytes(b"")
    files = find_items([tmp_path, shapes.test[0].path], "PointClassifier").files
    assert [each.name for each in files] == [
        *("one.npy", "three.PLY", "two.npy", "ply_data_test0.h5"),
    ]
    found = {each.name: list(read_items(each)) for each in files}
    assert [number for number, _ in found["two.npy"]] == [0, 1]
    assert [number for number, _ in found["ply_data_test0.h5"]] == list(range(10))
    ((number, cloud),) = found["one.npy"]
    assert (number, cloud.dtype) == (None, np.float32)
    np.testing.assert_array_equal(cloud, POINTS)


def test_files_of_another_kind_are_named(tmp_path):
    (tmp_path / "picture.png").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"picture.png: .* other kinds: .npy, .ply, .h5"):
        find_items([tmp_path / "picture.png"], "PointClassifier")
    with pytest.raises(DatasetError, match="no files to classify below it"):
        find_items([tmp_path], "PointClassifier")
    with pytest.raises(DatasetError, match="no such file or folder"):
        find_items([tmp_path / "absent.npy"], "PointClassifier")
    assert find_items([tmp_path], "Classifier").files == (tmp_path / "picture.png",)


def _saved(path, values):
    np.save(path, values, allow_pickle=True)
    return path


def _archive(path):
    with path.open("wb") as file:
        np.savez(file, points=POINTS)
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: _saved(path, POINTS[:, :2]), r"got \(4, 2\)"),
        (lambda path: _saved(path, POINTS.astype(np.int32)), "expected floats, got int32"),
        (lambda path: _saved(path, np.array([object()])), "not a readable .npy file"),
        (_archive, "not a readable .npy file"),
        (lambda path: path.write_bytes(b"\x93NUMPY\x01\x00") and path, "not a readable .npy file"),
        (lambda path: path.write_bytes(b"") or path, "not a readable .npy file"),
    ],
)
def test_another_npy_file_is_refused(tmp_path, make, message):
    path = make(tmp_path / "a.npy")
    with pytest.raises(CloudError, match=message):
        list(read_items(path))

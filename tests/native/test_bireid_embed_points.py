"""bireid-embed on point clouds: files, the server, and what it refuses."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from bireid_runtime import PointClassifier
from bundle_files import (
    REID_BUNDLE,
    change_golden_outputs,
    golden_outputs,
    points_bundle,
    some_clouds,
)
from embed_program import PROGRAMS, refusal, run


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request):
    return request.param


@pytest.fixture(scope="module")
def expected():
    return PointClassifier.open(points_bundle(), backend="native").classify(some_clouds())


def ply(cloud, binary):
    form = "binary_little_endian" if binary else "ascii"
    header = f"ply\nformat {form} 1.0\ncomment of a test\nelement vertex {len(cloud)}\n"
    header += "property float x\nproperty uchar red\nproperty double y\nproperty float z\n"
    header += "element face 0\nproperty list uchar int vertex_indices\nend_header\n"
    if not binary:
        lines = [f"{x:.9g} 255 {y:.9g} {z:.9g}\r\n" for x, y, z in cloud.astype(np.float64)]
        return (header + "".join(lines)).encode()
    rows = np.zeros(len(cloud), [("x", "<f4"), ("red", "u1"), ("y", "<f8"), ("z", "<f4")])
    rows["x"], rows["y"], rows["z"] = cloud.T
    return header.encode() + rows.tobytes()


@pytest.fixture
def files(tmp_path):
    """The clouds as .npy of both widths, and as .ply of both kinds."""
    clouds = some_clouds()
    paths = [tmp_path / name for name in ("a.npy", "b.npy", "c.ply", "d.ply")]
    np.save(paths[0], clouds[0])
    np.save(paths[1], clouds[1].astype(np.float64))
    paths[2].write_bytes(ply(clouds[2], binary=True))
    paths[3].write_bytes(ply(clouds[0], binary=False))
    return paths


def test_files_are_classified_as_python_does(program, files, expected):
    done = run(program, points_bundle(), *files)
    assert (done.returncode, done.stderr) == (0, b"")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    rows = expected[[0, 1, 2, 0]]
    assert [line["cloud"] for line in lines] == [str(path) for path in files]
    np.testing.assert_allclose([line["logits"] for line in lines], rows, rtol=1e-6)
    names = ("größte", "class 1", "class 2")
    assert [line["class"] for line in lines] == [names[index] for index in rows.argmax(axis=1)]
    powers = np.exp(rows.astype(np.float64))
    shares = (powers / powers.sum(axis=1, keepdims=True)).max(axis=1)
    np.testing.assert_allclose([line["probability"] for line in lines], shares, rtol=1e-5)
    raw = run(program, points_bundle(), "--binary", files[0]).stdout
    np.testing.assert_array_equal(np.frombuffer(raw, "<f4"), rows[0])


def test_it_tests_times_and_describes(program):
    done = run(program, points_bundle(), "--selftest", "--json")
    tested = json.loads(done.stdout)
    assert (tested["passed"], tested["min_cosine"]) == (True, None)
    assert b"cosine" not in run(program, points_bundle(), "--selftest").stdout
    bench = json.loads(run(program, points_bundle(), "--bench", 2, "--json").stdout)
    assert (bench["width"], bench["height"], bench["runs"]) == (0, 0, 2)
    assert b"cloud of 2048 points" in run(program, points_bundle(), "--bench", 2).stdout
    described = json.loads(run(program, points_bundle(), "--describe").stdout)
    (taken,) = described["inputs"]
    assert (taken["kind"], taken["shape"]) == ("points", [None, 32, 1, 3])


def test_a_failed_self_test_speaks_of_no_cosine(program, tmp_path):
    bundle = tmp_path / "bundle"
    shutil.copytree(points_bundle(), bundle)
    change_golden_outputs(bundle, "logits", golden_outputs(bundle, "logits") + 1)
    done = run(program, bundle, "--selftest", "--json")
    assert (done.returncode, json.loads(done.stdout)["min_cosine"]) == (3, None)
    assert done.stderr.endswith(b"largest difference 1.00e+00; copy the bundle again\n")


def test_the_server_takes_paths_and_points(program, files, expected):
    cloud = some_clouds()[1]
    requests = f"{files[0]}\nraw {len(cloud)}\n".encode() + cloud.tobytes()
    requests += b"raw 2\n" + bytes(24) + b"raw x\n/absent.npy\n\n" + f"{files[2]}\n".encode()
    done = subprocess.run(
        [program, "serve", points_bundle(), "--stdio"],
        input=requests,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for place, row in ((0, 0), (1, 1), (6, 2)):
        np.testing.assert_allclose(answers[place]["logits"], expected[row], rtol=1e-6)
    errors = [answers[place]["error"] for place in (2, 3, 4, 5)]
    for error, part in zip(
        errors, ("2 points; a cloud has", "N of raw N", "absent.npy", "is empty"), strict=True
    ):
        assert part in error


def _npy(values, folder, name="bad.npy", **options):
    np.save(folder / name, values, **options)
    return folder / name


def _bytes(data, folder, name):
    (folder / name).write_bytes(data)
    return folder / name


CLOUD = np.arange(30, dtype=np.float32).reshape(10, 3)
PLY = ply(CLOUD, binary=True)
BAD = {
    "columns": (lambda f: _npy(CLOUD[:, :2], f), "floats (M, 3)"),
    "rank": (lambda f: _npy(CLOUD[None], f), "floats (M, 3)"),
    "type": (lambda f: _npy(CLOUD.astype(np.int32), f), "floats (M, 3)"),
    "big-endian": (lambda f: _npy(CLOUD.astype(">f4"), f), "floats (M, 3)"),
    "by columns": (lambda f: _npy(np.asfortranarray(CLOUD), f), "floats (M, 3)"),
    "objects": (lambda f: _npy(np.array([{}]), f, allow_pickle=True), "floats (M, 3)"),
    "few": (lambda f: _npy(CLOUD[:2], f), "2 points; a cloud has 3"),
    "nan": (lambda f: _npy(np.full((5, 3), np.nan, np.float32), f), "not all coordinates"),
    "large": (lambda f: _npy(CLOUD.astype(np.float64) * 1e300, f), "not all coordinates"),
    "place": (lambda f: _npy(np.ones((5, 3), np.float32), f), "lie at one place"),
    "cut": (lambda f: _bytes(_npy(CLOUD, f).read_bytes()[:-1], f, "cut.npy"), "are promised"),
    "no header": (lambda f: _bytes(b"\x93NUMPY\x01\x00\xff\xff{}  ", f, "b.npy"), "not a .npy"),
    "empty": (lambda f: _bytes(b"", f, "b.npy"), "not a .npy"),
    "empty ply": (lambda f: _bytes(b"", f, "b.ply"), "not a PLY file"),
    "cut ply": (lambda f: _bytes(PLY[:-1], f, "b.ply"), "10 vertices are not there"),
    "cut header": (lambda f: _bytes(PLY[:60], f, "b.ply"), "header is cut off"),
    "format": (lambda f: _bytes(PLY.replace(b"little", b"big"), f, "b.ply"), "another format"),
    "element": (lambda f: _bytes(PLY.replace(b"vertex 10", b"face 10"), f, "b.ply"), "'vertex'"),
    "count": (lambda f: _bytes(PLY.replace(b"10\n", b"-1\n"), f, "b.ply"), "the vertices must be"),
    "property": (
        lambda f: _bytes(PLY.replace(b"float x", b"half x"), f, "b.ply"),
        "is not understood",
    ),
    "twice": (lambda f: _bytes(PLY.replace(b"uchar red", b"uchar x"), f, "b.ply"), "twice"),
    "no z": (lambda f: _bytes(PLY.replace(b"float z", b"float w"), f, "b.ply"), "x, y and z"),
    "words": (
        lambda f: _bytes(ply(CLOUD, False).replace(b" 255 ", b" red "), f, "b.ply"),
        "else than numbers",
    ),
    "line": (
        lambda f: _bytes(ply(CLOUD, False).replace(b" 255 ", b" "), f, "b.ply"),
        "a line of 4 numbers",
    ),
    "suffix": (lambda f: _bytes(b"", f, "cloud.xyz"), "is a .npy or a .ply file"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused(program, case, tmp_path):
    make, message = BAD[case]
    assert message in refusal(program, points_bundle(), make(tmp_path))


def test_clouds_and_images_are_kept_apart(program, files):
    line = refusal(program, points_bundle(), "--raw", "2x2", files[0])
    assert "--raw goes with images" in line
    refusal(program, REID_BUNDLE, files[0])

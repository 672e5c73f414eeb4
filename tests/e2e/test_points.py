"""The task `points` from the command line, on generated shapes."""

import ctypes
import json
import shutil

import numpy as np
import pytest
from bireid_runtime import Bundle, Classifier, PointClassifier, Session, engine_path, self_test
from bireid_runtime.errors import ArgumentError, CloudError, UnsupportedModelError

from bireid_deploy.benchmark.engines import engines_of
from bireid_deploy.data.clouds.shapes import sample_shape
from bireid_deploy.data.clouds.write_shapes import write_shapes

pytest.importorskip("h5py", reason="h5py is not installed: the extra points")

ENGINES = ("native", "litert", "onnx", "lce")

RECIPE = """
name = "tiny-points"
task = "points"
[network]
backbone = "pointnet"
head = "point_neck"
width = 0.125
input_height = 64
input_width = 1
[batch]
sampling = "shuffled"
size = 20
[augmentation]
flip = 0.0
pad = 0
erasing = 0.0
[loss]
triplet_weight = 0.0
[points]
up_axis = "z"
[kernel_refining]
[feature_refining]
pairs = [{ low = "stage2", high = "stage3" }]
[optimizer]
epochs = 2
"""


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    root = tmp_path_factory.mktemp("shapes") / "shapes"
    write_shapes(root, train=6, test=3, size=100)
    return root


@pytest.fixture(scope="module")
def trained_points(make, shapes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("points")
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE)
    return make(folder / "run", "train", recipe, "--data", shapes, "--out", folder / "run")


@pytest.fixture(scope="module")
def bundle(make, trained_points, shapes):
    path = trained_points.path.with_name("bundle")
    return make(path, "convert", trained_points.path, "-o", path, "--data", shapes)


@pytest.fixture(scope="module")
def clouds():
    rng = np.random.default_rng(0)
    sizes = (64, 200, 30, 3, 65)
    names = ("torus", "box", "cone", "sphere", "helix")
    return [
        sample_shape(name, size, rng) * np.float32(7) - np.float32(2)
        for name, size in zip(names, sizes, strict=True)
    ]


@pytest.mark.slow
def test_a_classifier_of_clouds_is_trained_and_measured(cli, trained_points, shapes):
    record = json.loads((trained_points.path / "run.json").read_text())
    assert {"kernel_mse", "feature_mse", "identity", "accuracy"} <= record["history"][-1].keys()
    result = cli("evaluate", trained_points.path, "--data", shapes, "--json")
    assert result.code == 0, result.err
    scores = result.json
    assert (scores["engine"], scores["data"], scores["clouds"]) == ("keras", "shapes", 30)
    # As many of each class.
    assert scores["mean_class"] == pytest.approx(scores["overall"])
    assert 0 <= scores["overall"] <= 1
    table = cli("evaluate", trained_points.path, "--data", shapes)
    lines = [line.split() for line in table.out.splitlines()]
    assert ["class", "accuracy", "clouds"] in lines
    assert any(line[:2] == ["all", "clouds"] for line in lines)
    assert max(map(len, table.out.splitlines())) <= 80


@pytest.mark.slow
def test_its_bundle_is_checked_and_says_what_it_holds(bundle):
    manifest = json.loads((bundle.path / "manifest.json").read_text())
    assert "parity gate passed" in bundle.result.err
    (taken,), (given,) = manifest["inputs"], manifest["outputs"]
    assert (taken["name"], taken["kind"], taken["shape"]) == ("points", "points", [None, 64, 1, 3])
    assert taken["preprocess"] == {
        "points": 64,
        "sample": "even",
        "normalize": "unit_sphere",
        "up_axis": "z",
    }
    assert (given["kind"], len(given["classes"])) == ("logits", 10)
    # The shift behind the maximum is folded: the maximum is one of bits.
    assert manifest["binarisation"]["operators"] == {
        "CONV_2D": 1,
        "LceQuantize": 1,
        "LceBconv2d": 4,
        "LceBMaxPool2d": 1,
        "FULLY_CONNECTED": 1,
    }
    assert [each["engine"] for each in manifest["metrics"]] == ["keras", *ENGINES]
    golden = Bundle.open(bundle.path).golden()
    assert any(len(each) > 64 for each in golden.inputs["points"])
    card = (bundle.path / "card.md").read_text()
    assert "a point cloud (64 points after sampling) into one number for each of 10" in card
    assert "generated shapes" in card


@pytest.mark.slow
def test_every_engine_tests_itself_and_classifies_alike(bundle, clouds):
    expected = PointClassifier.open(bundle.path, backend="lce").classify(clouds)
    for engine in ENGINES:
        face = PointClassifier.open(bundle.path, backend=engine)
        assert self_test(face).passed
        assert face.cloud.up_axis == "z"
        np.testing.assert_allclose(face.classify(clouds, batch_size=2), expected, atol=1e-4)
    best = face.predict(clouds, top=2)
    assert [len(each) for each in best] == [2] * len(clouds)
    for row, each in zip(expected, best, strict=True):
        assert each[0].name == face.classes[int(row.argmax())]
        assert each[0].probability >= each[1].probability
    assert face.classify([]).shape == (0, 10)


@pytest.mark.slow
def test_bad_clouds_are_named(bundle, clouds):
    face = PointClassifier.open(bundle.path)
    broken = clouds[1].copy()
    broken[5] = np.nan
    with pytest.raises(CloudError, match="cloud 3: not all coordinates are finite"):
        face.classify([clouds[0], clouds[1], clouds[2], broken], batch_size=2)
    with pytest.raises(CloudError, match="item 1: 2 points; a cloud has 3"):
        face.session.run_items([clouds[0], clouds[0][:2]])
    with pytest.raises(CloudError, match="put a single one into a list"):
        face.classify(clouds[0])
    for call, message in (
        (lambda: face.classify(clouds, batch_size=0), "batch_size is 0"),
        (lambda: face.predict(clouds, top=0), "top is 0"),
    ):
        with pytest.raises(ArgumentError, match=message):
            call()
    with pytest.raises(UnsupportedModelError, match="open it with PointClassifier"):
        Classifier.open(bundle.path)


def _library():
    library = ctypes.CDLL(engine_path())
    for name in ("last_error", "point_class_name", "point_classifier_describe"):
        getattr(library, f"bireid_{name}").restype = ctypes.c_char_p
    return library


@pytest.mark.slow
def test_the_library_classifies_as_python_does_to_the_last_bit(bundle, clouds):
    library, handle = _library(), ctypes.c_void_p()
    opened = library.bireid_point_classifier_open(bytes(bundle.path), None, ctypes.byref(handle))
    assert opened == 0, library.bireid_last_error()
    python = PointClassifier.open(bundle.path, backend="native")
    assert library.bireid_point_class_count(handle) == 10
    names = [library.bireid_point_class_name(handle, index).decode() for index in range(10)]
    assert tuple(names) == python.classes
    assert library.bireid_point_class_name(handle, 10) is None

    def classify(cloud, classes=10, count=None):
        logits = np.zeros(10, np.float32)
        points = np.ascontiguousarray(cloud, np.float32)
        status = library.bireid_classify_points(
            handle,
            points.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_int64(len(points) if count is None else count),
            logits.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_int32(classes),
        )
        return status, logits

    for cloud, expected in zip(clouds, python.classify(clouds), strict=True):
        status, logits = classify(cloud)
        assert status == 0, library.bireid_last_error()
        np.testing.assert_array_equal(logits, expected)
    for arguments, message in (
        ({"cloud": clouds[0], "classes": 9}, b"classes is 9; there are 10"),
        ({"cloud": clouds[0], "count": 2}, b"2 points; a cloud has 3 to 16777216"),
        ({"cloud": np.full((5, 3), np.inf)}, b"not all coordinates of a cloud are finite"),
        ({"cloud": np.ones((70, 3))}, b"lie at one place"),
    ):
        assert classify(**arguments)[0] == 1
        assert message in library.bireid_last_error()
    assert library.bireid_point_classifier_selftest(handle, None, None) == 0
    assert library.bireid_point_classifier_describe(handle).startswith(b"bireid ")
    library.bireid_point_classifier_close(handle)
    # Another face says which one fits.
    assert library.bireid_classifier_open(bytes(bundle.path), None, ctypes.byref(handle)) != 0
    assert b"open it with bireid_point_classifier_open" in library.bireid_last_error()


class NativeCloud(ctypes.Structure):
    """`bireid_cloud`."""

    _fields_ = [("points", ctypes.c_void_p), ("count", ctypes.c_int64)]


@pytest.mark.slow
def test_a_session_takes_several_clouds_at_once(bundle, clouds):
    library, handle = _library(), ctypes.c_void_p()
    assert not library.bireid_session_open(bytes(bundle.path), None, ctypes.byref(handle))
    records = (NativeCloud * len(clouds))(
        *(NativeCloud(each.ctypes.data, len(each)) for each in clouds)
    )
    logits = np.zeros((len(clouds), 10), np.float32)
    outputs = (ctypes.c_void_p * 1)(logits.ctypes.data)
    status = library.bireid_session_run_clouds(handle, records, len(clouds), outputs)
    assert status == 0, library.bireid_last_error()
    session = Session.open(bundle.path, "native")
    np.testing.assert_array_equal(logits, session.run_items(clouds)["logits"])
    assert library.bireid_session_run_images(handle, records, 1, outputs) != 0
    assert b"takes other inputs than one image" in library.bireid_last_error()
    library.bireid_session_close(handle)


@pytest.mark.slow
def test_it_is_verified_and_timed_like_other_bundles(cli, bundle):
    result = cli("verify", bundle.path)
    assert result.code == 0, result.out
    assert "native vs lce" in result.out
    engines = engines_of(Bundle.open(bundle.path), (), 1)
    # Those that start from 8-bit pixels are left out.
    assert not any("uint8" in each.kind for each in engines)
    assert {each.kind for each in engines} >= {"native", "bireid", "onnx"}
    engine = type(engines[0]).from_json(json.loads(json.dumps(engines[0].to_json())))
    assert engine.item().shape == (1, 64, 1, 3)
    assert engine.open().run(engine.item())["logits"].shape == (1, 10)


@pytest.mark.slow
def test_files_are_classified(cli, bundle, shapes, clouds, tmp_path):
    np.save(tmp_path / "torus.npy", clouds[0])
    lines = ["ply", "format ascii 1.0", f"element vertex {len(clouds[1])}", "property float x"]
    lines += ["property float y", "property float z", "end_header"]
    lines += [" ".join(f"{value:.9g}" for value in point) for point in clouds[1].tolist()]
    (tmp_path / "box.ply").write_text("\n".join(lines) + "\n")
    out = tmp_path / "found.json"
    many = shapes / "ply_data_test0.h5"
    result = cli("classify", bundle.path, tmp_path, many, "-o", out, "--top", "3", "--json")
    assert result.code == 0, result.err
    assert result.json == json.loads(out.read_text())
    assert len(result.json) == 32
    names = [(each["file"].rpartition("/")[2], each.get("cloud")) for each in result.json]
    assert names[:3] == [("box.ply", None), ("torus.npy", None), ("ply_data_test0.h5", 0)]
    wanted = PointClassifier.open(bundle.path).predict([clouds[1], clouds[0]], top=3)
    for found, best in zip(result.json, wanted, strict=False):
        assert found["classes"] == [
            {"class": one.name, "probability": one.probability} for one in best
        ]
    table = cli("classify", bundle.path, tmp_path / "torus.npy")
    assert table.code == 0, table.err
    assert wanted[1][0].name in table.out
    assert max(map(len, table.out.splitlines())) <= 80


def test_a_broken_cloud_of_a_file_loses_that_alone(cli, refused, bundle, clouds, tmp_path):
    points = min(len(clouds[0]), len(clouds[1]))
    three = np.stack([cloud[:points] for cloud in (clouds[0], clouds[1], clouds[0])])
    three[1, 7, 2] = np.nan
    np.save(tmp_path / "three.npy", three)
    classify = ("classify", bundle.path, tmp_path / "three.npy")
    assert "three.npy: cloud 1: not all coordinates are finite" in refused(2, *classify)
    result = cli(*classify, "--skip-broken", "-o", tmp_path / "found.json", "--json")
    assert result.code == 0, result.err
    found = json.loads((tmp_path / "found.json").read_text())
    assert [each["cloud"] for each in found] == [0, 2]
    assert found[0]["classes"] == found[1]["classes"]
    skipped = (tmp_path / "found.json.skipped.csv").read_text()
    assert "three.npy,cloud 1: not all coordinates are finite" in skipped
    np.save(tmp_path / "three.npy", three[[1, 1]])
    assert "three.npy: cloud 0: not all" in refused(2, *classify, "--skip-broken")


@pytest.mark.slow
def test_what_is_no_matter_of_points(refused, bundle, shapes, people, clouds, tmp_path):
    np.save(tmp_path / "flat.npy", clouds[0][:, :2])
    np.save(tmp_path / "place.npy", np.ones((9, 3), np.float32))
    assert "flat.npy: expected points" in refused(2, "classify", bundle.path, tmp_path / "flat.npy")
    assert "lie at one place" in refused(2, "classify", bundle.path, tmp_path / "place.npy")
    picture = next(people.rglob("*.jpg"))
    assert "takes files of other kinds" in refused(2, "classify", bundle.path, picture)
    assert "open it with PointClassifier" in refused(
        6, "embed", bundle.path, picture, "-o", tmp_path / "e.npz"
    )
    assert "neither test_files.txt" in refused(2, "evaluate", bundle.path, "--data", people)
    other = shutil.copytree(shapes, tmp_path / "shapes")
    names = other / "shape_names.txt"
    names.write_text(names.read_text().replace("torus", "ring"))
    assert "the network was trained on sphere, box" in refused(
        2, "evaluate", bundle.path, "--data", other
    )

"""The task `detection` from the command line, on rendered frames of a street."""

import ctypes
import json
import shutil

import numpy as np
import pytest
from bireid_runtime import Detector, engine_path, self_test
from bireid_runtime.errors import ArgumentError
from bireid_runtime.images import load_image
from PIL import Image

from bireid_deploy.data.synthetic.street import render_frame
from bireid_deploy.data.synthetic.write_street import write_street

ENGINES = ("native", "litert", "onnx", "lce")

RECIPE = """
name = "tiny-detector"
task = "detection"
[network]
width = 0.125
input_height = 64
input_width = 96
last_stride = 1
head = "detector"
[batch]
sampling = "shuffled"
size = 4
[augmentation]
pad = 0
erasing = 0.0
[detection]
score_threshold = 0.01
[feature_refining]
pairs = [{ low = "stage2", high = "stage4" }]
foreground_share = 0.5
[optimizer]
epochs = 2
"""


class NativeBox(ctypes.Structure):
    """`bireid_box`."""

    _fields_ = [
        *((name, ctypes.c_float) for name in ("left", "top", "right", "bottom", "score")),
        ("class_index", ctypes.c_int32),
    ]


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    """Frames of another shape than the input: a letterbox leaves grey."""
    root = tmp_path_factory.mktemp("street") / "street"
    write_street(root, train=12, test=6, size=(64, 64), layout="coco")
    path = root / "annotations" / "instances_train.json"
    document = json.loads(path.read_text())
    outside = {"id": 999, "image_id": 1, "category_id": 1, "bbox": [70, 0, 9, 9], "area": 81}
    path.write_text(json.dumps({**document, "annotations": [*document["annotations"], outside]}))
    return root


@pytest.fixture(scope="module")
def detector(make, street, tmp_path_factory):
    folder = tmp_path_factory.mktemp("detector")
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE)
    return make(folder / "run", "train", recipe, "--data", street, "--out", folder / "run")


@pytest.fixture(scope="module")
def bundle(make, detector, street):
    path = detector.path.with_name("bundle")
    return make(path, "convert", detector.path, "-o", path, "--data", street)


@pytest.mark.slow
def test_a_detector_is_trained_and_measured(cli, detector, street):
    assert "1 box outside their image left out (first in 000001.jpg)" in detector.result.err
    result = cli("evaluate", detector.path, "--data", street, "--json")
    assert result.code == 0, result.err
    scores = result.json
    assert (scores["engine"], scores["data"], scores["images"]) == ("keras", "street", 6)
    assert 0 <= scores["ap"] <= scores["ap_50"] <= 1
    # That box teaches; of the test images none has such a box.
    assert "left out" not in result.err
    assert list(scores["per_class"]) == ["person"]
    assert scores["per_class"]["person"]["boxes"] == scores["boxes"] > 0
    table = cli("evaluate", detector.path, "--data", street)
    lines = [line.split() for line in table.out.splitlines()]
    assert ["model", "class", "AP", "AP50", "AP75", "VOC07", "VOC10", "boxes"] in lines
    assert max(map(len, table.out.splitlines())) <= 80


@pytest.mark.slow
def test_its_bundle_is_checked_and_says_what_it_holds(bundle):
    manifest = json.loads((bundle.path / "manifest.json").read_text())
    assert "parity gate passed" in bundle.result.err
    (output,) = manifest["outputs"]
    assert (output["kind"], output["shape"]) == ("boxes", [None, 4, 6, 5])
    assert output["classes"] == ["person"]
    assert output["decode"] == {
        "stride": 16,
        "score_threshold": 0.01,
        "iou_threshold": 0.5,
        "max_boxes": 100,
    }
    assert manifest["inputs"][0]["preprocess"]["fit"] == "letterbox"
    assert manifest["binarisation"]["operators"]["LceBconv2d"] == 19
    assert [each["engine"] for each in manifest["metrics"]] == ["keras", *ENGINES]
    card = (bundle.path / "card.md").read_text()
    assert "pipeline_tag: object-detection" in card
    assert "a map of 4x6 cells with boxes of 1 classes" in card


def _same(found, wanted):
    return found.corners.shape == wanted.corners.shape and (
        np.allclose(found.corners, wanted.corners, atol=0.1)
        and np.allclose(found.scores, wanted.scores, atol=1e-3)
    )


@pytest.mark.slow
def test_every_engine_tests_itself_and_finds_the_same(bundle):
    images = [np.asarray(render_frame(9, number, (80, 60)).picture) for number in range(40)]
    expected = Detector.open(bundle.path, backend="lce").boxes(images)
    assert any(len(each.scores) for each in expected)
    for engine in ENGINES:
        face = Detector.open(bundle.path, backend=engine)
        assert self_test(face).passed
        assert face.classes == ("person",)
        agree = [_same(*each) for each in zip(face.boxes(images), expected, strict=True)]
        # Where floats are summed in another order a sign may flip, as the parity gate allows.
        assert np.mean(agree) >= (0.7 if engine == "onnx" else 1.0), engine
    with pytest.raises(ArgumentError, match=r"score_threshold is 1\.5"):
        face.detect(images, score_threshold=1.5)


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [-1.0, 0.0, 0.02])
def test_the_library_finds_what_python_finds_to_the_last_bit(bundle, threshold):
    library = ctypes.CDLL(engine_path())
    library.bireid_last_error.restype = ctypes.c_char_p
    library.bireid_detector_class_name.restype = ctypes.c_char_p
    handle = ctypes.c_void_p()
    assert not library.bireid_detector_open(bytes(bundle.path), None, ctypes.byref(handle))
    assert library.bireid_detector_class_count(handle) == 1
    assert library.bireid_detector_class_name(handle, 0) == b"person"
    capacity = library.bireid_detector_max_boxes(handle)
    boxes, count = (NativeBox * capacity)(), ctypes.c_int32()
    sizes = [(64, 96), (50, 40), (200, 131), (7, 300)]
    images = [np.asarray(render_frame(8, 0, (256, 320)).picture)[:h, :w] for h, w in sizes]
    python = Detector.open(bundle.path, backend="native")
    for image, wanted in zip(
        images, python.boxes(images, None if threshold < 0 else threshold), strict=True
    ):
        pixels = np.ascontiguousarray(image)
        status = library.bireid_detect_rgb8(
            handle,
            pixels.ctypes.data_as(ctypes.c_void_p),
            *(image.shape[1], image.shape[0], ctypes.c_int64(0), ctypes.c_double(threshold)),
            *(boxes, capacity, ctypes.byref(count)),
        )
        assert status == 0, library.bireid_last_error()
        found = np.array(
            [(box.left, box.top, box.right, box.bottom, box.score) for box in boxes[: count.value]],
            np.float32,
        ).reshape(-1, 5)
        rows = np.concatenate([wanted.corners, wanted.scores[:, None]], axis=1)
        np.testing.assert_array_equal(found, rows)
    few = library.bireid_detect_rgb8(
        handle,
        pixels.ctypes.data_as(ctypes.c_void_p),
        *(300, 7, ctypes.c_int64(0), ctypes.c_double(-1), boxes, 3, ctypes.byref(count)),
    )
    assert few == 1
    assert b"capacity is 3; there may be up to 100 boxes" in library.bireid_last_error()
    library.bireid_detector_close(handle)


@pytest.mark.slow
def test_boxes_are_written_and_drawn(cli, bundle, street, tmp_path):
    out, drawn = tmp_path / "found.json", tmp_path / "drawn"
    images = [street / "test", street / "test" / "000013.jpg"]
    result = cli("detect", bundle.path, *images, "-o", out, "--draw", drawn, "--json")
    assert result.code == 0, result.err
    found = json.loads(out.read_text())
    assert (result.json["images"], result.json["boxes"]) == (7, len(found))
    first = found[0]
    assert first["category"] == "person"
    assert first["category_id"] == 1
    assert 1 <= first["image_id"] <= 7
    detector = Detector.open(bundle.path)
    image = load_image(street / "test" / "000013.jpg")
    left, top, right, bottom = detector.detect([image])[0][0].box
    assert found[0]["bbox"] == [left, top, right - left, bottom - top]
    names = sorted(path.name for path in drawn.iterdir())
    assert names == sorted([*(f"{n:06d}.jpg" for n in range(13, 19)), "000013-2.jpg"])
    with Image.open(drawn / "000013.jpg") as picture:
        assert picture.size == (64, 64)
    none = cli("detect", bundle.path, images[1], "-o", out, "--score", "1")
    assert "0 boxes in 1 images" in none.out
    assert json.loads(out.read_text()) == []


@pytest.mark.slow
def test_what_is_no_matter_of_detection(refused, detector, bundle, street, people, tmp_path):
    err = refused(6, "embed", bundle.path, street / "test", "-o", tmp_path / "e.npz")
    assert "open it with Detector" in err
    assert "no images with boxes" in refused(2, "evaluate", bundle.path, "--data", people)
    assert "choose one of: auto, voc, coco" in refused(
        2, "evaluate", bundle.path, "--data", street, "--layout", "yolo"
    )
    other = shutil.copytree(street, tmp_path / "street")
    for split in ("train", "test"):
        path = other / f"annotations/instances_{split}.json"
        path.write_text(path.read_text().replace('"person"', '"dog"'))
    err = refused(2, "evaluate", bundle.path, "--data", other)
    assert "has no class 'person', which the network finds; there are dog" in err
    image = next((street / "test").glob("*.jpg"))
    damaged = shutil.copytree(street, tmp_path / "damaged")
    (damaged / "test" / image.name).write_bytes(b"no image")
    assert "evaluation needs every image" in refused(
        2, "evaluate", detector.path, "--data", damaged
    )

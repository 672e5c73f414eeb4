"""Detectors of other projects, in ONNX files that the tests make."""

import numpy as np
import pytest
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.onnx_detector import OnnxDetector
from onnx import helper
from onnx_detectors import detector_file, save_detector

# Middle and sides of boxes in the input of 64 x 64: the second overlaps the first.
PLACES = np.array([[32, 32, 10], [32, 32, 10], [32, 30, 8], [16, 16, 8]], np.float32)


def places(path, **options):
    """(1, 4 + 3, 3): every place has the means of red, green and blue as its scores."""
    nodes = [
        helper.make_node("ReduceMean", ["images", "axes"], ["means"], keepdims=0),
        helper.make_node("Unsqueeze", ["means", "last"], ["column"]),
        helper.make_node("Concat", ["column"] * 3, ["scores"], axis=2),
        helper.make_node("Concat", ["places", "scores"], ["output0"], axis=1),
    ]
    constants = {
        "axes": np.array([2, 3]),
        "last": np.array([2]),
        "places": PLACES[None],
    }
    return save_detector(path, nodes, constants, **options)


def rows(path, **options):
    """(1, 2, 6), whatever is seen."""
    found = np.array([[[16, 24, 48, 40, 0.5, 0], [0, 0, 64, 64, 0.9, 2]]], np.float32)
    return detector_file(path, found, **options)


@pytest.fixture
def red():
    """Twice as wide as high: of the input it takes the middle half."""
    image = np.zeros((32, 64, 3), np.uint8)
    image[..., 0] = 255
    return image


def test_places_become_boxes_of_the_image(tmp_path, red):
    detector = OnnxDetector.open(places(tmp_path / "places.onnx"))
    assert detector.classes == ("person", "dog", "bus")
    (found,) = detector.boxes([red])
    # The two that overlap are one; 16 rows of grey lie above the image.
    np.testing.assert_allclose(found.corners, [[16, 8, 48, 24]], atol=1e-4)
    assert found.labels.tolist() == [0]
    assert found.scores[0] == pytest.approx(0.5 + 0.5 * 114 / 255, abs=1e-5)
    assert len(detector.boxes([red], 0.8)[0].scores) == 0
    large = np.repeat(np.repeat(red, 3, axis=0), 3, axis=1)
    np.testing.assert_allclose(detector.boxes([large])[0].corners, 3 * found.corners, atol=1e-3)


def test_rows_are_taken_as_they_are(tmp_path, red):
    (found,) = OnnxDetector.open(rows(tmp_path / "rows.onnx")).boxes([red])
    assert found.labels.tolist() == [2, 0]
    np.testing.assert_allclose(found.corners, [[0, 0, 64, 32], [16, 8, 48, 24]])
    nameless = OnnxDetector.open(rows(tmp_path / "rows.onnx", names=None))
    assert nameless.classes[:3] == ("0", "1", "2")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"shape": (1, 3, "height", 64)}, "export it with a fixed size"),
        ({"shape": (1, 1, 64, 64)}, "its input is tensor"),
        ({"names": "{0: 'person'}"}, "names 1 classes and has 3"),
    ],
)
def test_others_are_refused_in_one_line(tmp_path, options, said):
    with pytest.raises(UnsupportedModelError, match=said) as caught:
        OnnxDetector.open(places(tmp_path / "other.onnx", **options))
    assert "MOTChallenge" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_onnx_file_is_refused(tmp_path):
    path = tmp_path / "x.onnx"
    path.write_bytes(b"nothing")
    with pytest.raises(UnsupportedModelError, match=r"x\.onnx"):
        OnnxDetector.open(path)

"""Letterbox, decoding and suppression against slow definitions of them."""

import math

import numpy as np
import pytest
from bireid_runtime import OutputSpec, Preprocess
from bireid_runtime.boxes import Decoding, decode, iou, suppress
from bireid_runtime.errors import BundleError, UnsupportedModelError
from bireid_runtime.letterbox import GREY, content_size, fit_image
from bireid_runtime.manifest import Section
from bireid_runtime.preprocess import preprocess
from bireid_runtime.resize import resize_bilinear

ALL = Decoding(stride=16, score_threshold=0.0, iou_threshold=1.0, max_boxes=10_000)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ((480, 640), (144, 192)),
        ((640, 480), (192, 144)),
        ((192, 192), (192, 192)),
        ((1, 2000), (1, 192)),
        ((2000, 1), (192, 1)),
        # Halves go up, on either side.
        ((5, 384), (3, 192)),
        ((384, 5), (192, 3)),
    ],
)
def test_a_letterbox_keeps_the_aspect_ratio(image, expected):
    assert content_size("letterbox", image, (192, 192)) == expected
    assert content_size("stretch", image, (192, 192)) == (192, 192)


def test_the_image_lies_in_the_top_left_corner_on_grey():
    image = np.random.default_rng(0).integers(0, 256, (30, 60, 3), dtype=np.uint8)
    fitted = fit_image(image, "letterbox", (32, 48), "bilinear")
    np.testing.assert_array_equal(fitted[:24], resize_bilinear(image, 24, 48))
    assert (fitted[24:] == GREY).all()
    spec = Preprocess(32, 48, fit="letterbox")
    assert preprocess(image, spec)[31, 47] == pytest.approx(
        (GREY / 255 - np.array(spec.mean)) / spec.std, abs=1e-6
    )


def test_a_manifest_says_what_is_not_a_stretch():
    letterbox, stretch = Preprocess(32, 48, fit="letterbox"), Preprocess(32, 48)
    assert letterbox.to_manifest()["fit"] == "letterbox"
    assert "fit" not in stretch.to_manifest()
    for spec in (letterbox, stretch):
        assert Preprocess.from_manifest(spec.to_manifest()) == spec
    with pytest.raises(UnsupportedModelError, match="fit is 'crop'"):
        Preprocess.from_manifest({**stretch.to_manifest(), "fit": "crop"})


def test_a_box_reaches_from_the_middle_of_its_cell():
    values = np.full((2, 3, 5), -50.0, np.float32)
    values[1, 2] = [0.0, math.log(0.5), math.log(2), 0.0, 9.0]
    found = decode(values, ALL, (32, 48), (32, 48))
    best = found.corners[0]
    # Middle (40, 24): 8 to the left, 32 up to the edge, 16 to the right to the edge.
    assert best.tolist() == pytest.approx([32, 0, 48, 32])
    assert found.scores[0] == 0.5
    assert found.labels.tolist() == [0] * len(found.labels)


def test_scores_and_boxes_are_those_of_the_definition():
    rng = np.random.default_rng(3)
    values = rng.normal(0, 3, (4, 5, 7)).astype(np.float32)
    values[0, 0] = [80, -80, 0, 9, 9, 9, 9]
    found = decode(values, ALL, (64, 60), (320, 240))
    wide = values.astype(np.float64)
    scores = 1 / (1 + np.exp(-wide[..., :3]))
    reach = 16 * np.exp(np.minimum(wide[..., 3:], 5))
    expected = []
    for row, column, label in np.ndindex(4, 5, 3):
        left, top, right, bottom = reach[row, column]
        x, y = 16 * (column + 0.5), 16 * (row + 0.5)
        corners = np.array([(x - left) * 4, (y - top) * 5, (x + right) * 4, (y + bottom) * 5])
        corners = np.clip(corners, 0, [240, 320, 240, 320])
        if corners[2] > corners[0] and corners[3] > corners[1]:
            expected.append((corners, label, scores[row, column, label]))
    assert len(found.scores) == len(expected)
    assert (np.diff(found.scores) <= 0).all()
    for corners, score, label in zip(found.corners, found.scores, found.labels, strict=True):
        near = [
            value
            for other, kind, value in expected
            if kind == label and np.abs(other - corners).max() < 0.02 and abs(value - score) < 1e-6
        ]
        assert near


def test_only_what_lies_above_the_threshold_counts():
    values = np.zeros((1, 2, 5), np.float32)
    values[0, 1, 0] = 1e-3
    decoding = Decoding(score_threshold=0.5, iou_threshold=1.0)
    assert len(decode(values, decoding, (16, 32), (16, 32)).scores) == 1


def test_a_box_in_the_grey_of_a_letterbox_has_no_area():
    values = np.zeros((2, 1, 5), np.float32)
    values[:, :, 1:] = -3
    found = decode(values, ALL, (16, 16), (100, 100))
    assert len(found.scores) == 1


def test_suppression_is_greedy_within_a_class_and_ties_go_to_the_first():
    corners = np.array(
        [[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 10], [50, 50, 60, 60], [0, 5, 10, 15]],
        np.float32,
    )
    scores = np.array([0.5, 0.9, 0.5, 0.5, 0.5], np.float32)
    labels = np.array([0, 0, 1, 0, 0])
    assert suppress(corners, scores, labels, 0.5, 100).tolist() == [1, 2, 3, 4]
    assert suppress(corners, scores, labels, 0.5, 2).tolist() == [1, 2]
    # An overlap of just the threshold stays.
    pair = np.array([[0, 0, 10, 10], [0, 0, 10, 5]], np.float32)
    assert suppress(pair, scores[:2], labels[:2], 0.5, 9).tolist() == [1, 0]


def test_iou():
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6]], np.float64)
    np.testing.assert_allclose(iou(boxes, boxes), [[1, 1 / 7, 0], [1 / 7, 1, 0], [0, 0, 1]])


def _entry(**changes):
    spec = OutputSpec.boxes("boxes", (12, 12), ["person", "dog"], Decoding())
    return {**spec.to_manifest(), **changes}


def test_the_entry_of_a_manifest_is_read_back():
    spec = OutputSpec.boxes("boxes", (12, 12), ["person", "dog"], Decoding(max_boxes=7))
    assert OutputSpec.from_manifest(Section(spec.to_manifest(), "m")) == spec
    assert spec.classes == ("person", "dog")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": []}, "shape"),
        ({"classes": ["person", "person"]}, "twice|classes"),
        ({"shape": [None, 12, 12, 5]}, "shape"),
        ({"shape": [None, 144, 6]}, "shape"),
        ({"decode": {}}, "score_threshold"),
        ({"decode": {**Decoding().to_manifest(), "stride": 0}}, "stride"),
        ({"decode": {**Decoding().to_manifest(), "iou_threshold": 1.5}}, "iou_threshold"),
        ({"decode": {**Decoding().to_manifest(), "max_boxes": 10_001}}, "max_boxes"),
        ({"decode": {**Decoding().to_manifest(), "anchors": 3}}, "anchors"),
    ],
)
def test_a_malformed_entry_is_named(changes, message):
    with pytest.raises(BundleError, match=message):
        OutputSpec.from_manifest(Section(_entry(**changes), "m"))

"""VOC's and COCO's average precision on vectors whose values are known."""

import math

import numpy as np
import pytest

from bireid_deploy.evaluation.box_sets import FoundBoxes, TrueBoxes
from bireid_deploy.evaluation.coco import coco_precision
from bireid_deploy.evaluation.voc import voc_precision

BOX = (10.0, 10.0, 20.0, 20.0)


def true(boxes, labels=None, ignored=None, areas=None):
    """Of boxes left, top, width, height."""
    sides = np.array(boxes, np.float64).reshape(-1, 4)
    corners = np.concatenate([sides[:, :2], sides[:, :2] + sides[:, 2:]], axis=1)
    count = len(sides)
    return TrueBoxes(
        corners,
        np.zeros(count, np.int64) if labels is None else np.array(labels),
        np.zeros(count, bool) if ignored is None else np.array(ignored),
        sides[:, 2] * sides[:, 3] if areas is None else np.array(areas, np.float64),
    )


def found(boxes, scores, labels=None):
    corners = true(boxes).corners
    return FoundBoxes(
        corners,
        np.array(scores, np.float64),
        np.zeros(len(corners), np.int64) if labels is None else np.array(labels),
    )


def test_voc_by_eleven_points_and_by_area():
    """Right, wrong, right, right, wrong, of four boxes."""
    places = [(100 * n, 0, 20, 20) for n in range(4)]
    nowhere = (900, 900, 20, 20)
    detections = [places[0], nowhere, places[1], places[2], nowhere]
    result = voc_precision([found(detections, [0.9, 0.8, 0.7, 0.6, 0.5])], [true(places)], 0)
    assert result.eleven_point == pytest.approx(0.613636, abs=1e-6)
    assert result.area == pytest.approx(0.625)
    assert result.boxes == 4


def test_a_recall_of_three_tenths_reaches_its_point():
    places = [(100 * n, 0, 20, 20) for n in range(10)]
    result = voc_precision([found(places[:3], [0.9, 0.8, 0.7])], [true(places)], 0)
    assert result.eleven_point == pytest.approx(4 / 11)


def test_a_box_is_found_once_and_an_ignored_one_counts_for_nothing():
    image = true([(0, 0, 20, 20), (100, 0, 20, 20)], ignored=[False, True])
    twice = found([(0, 0, 20, 20), (1, 0, 20, 20), (100, 0, 20, 20)], [0.9, 0.8, 0.95])
    result = voc_precision([twice], [image], 0)
    assert result.boxes == 1
    assert result.area == 1.0
    later = voc_precision([found([(1, 0, 20, 20)], [0.9])] * 2, [image, true([])], 0)
    assert later.area == 1.0


def test_an_overlap_of_just_one_half_is_none_unless_pixels_are_inclusive():
    half = found([(0, 0, 10, 5)], [0.9])
    assert voc_precision([half], [true([(0, 0, 10, 10)])], 0).area == 0.0
    assert voc_precision([half], [true([(0, 0, 10, 10)])], 0, inclusive=True).area == 1.0


def test_classes_are_told_apart_and_an_absent_one_has_no_precision():
    image = true([(0, 0, 20, 20)], labels=[1])
    wrong = found([(0, 0, 20, 20)], [0.9], labels=[0])
    assert voc_precision([wrong], [image], 1).area == 0.0
    assert math.isnan(voc_precision([wrong], [image], 0).area)


def test_coco_of_two_images():
    images = [
        true([(10, 10, 40, 80), (100, 20, 40, 80)], areas=[3200, 3200]),
        true([(30, 30, 100, 150), (150, 20, 20, 40)], areas=[15000, 800]),
    ]
    detections = [
        found([(12, 10, 40, 80), (60, 60, 40, 80), (100, 28, 40, 80)], [0.9, 0.8, 0.7]),
        found([(35, 40, 95, 140), (10, 10, 10, 10)], [0.6, 0.5]),
    ]
    result = coco_precision(detections, images, 1)
    expected = {
        "ap": 0.503960, "ap_50": 0.628713, "ap_75": 0.628713, "ap_small": 0.0,
        "ap_medium": 0.685479, "ap_large": 0.8, "ar_1": 0.425, "ar_100": 0.6,
    }  # fmt: skip
    assert {name: result.overall[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert result.per_class == (pytest.approx((0.503960, 0.628713), abs=1e-6),)


def test_coco_without_a_detection_and_without_a_box():
    nothing = found([], [])
    missed = coco_precision([nothing], [true([BOX])], 2)
    assert missed.overall["ap"] == 0.0
    assert math.isnan(missed.overall["ap_large"])
    assert math.isnan(missed.per_class[1][0])

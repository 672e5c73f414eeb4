"""Success, precision and overlap of a tracker, against numbers that were worked out before."""

import numpy as np
import pytest

from bireid_deploy.evaluation.overlap_scores import (
    center_errors,
    got10k_overlaps,
    got10k_scores,
    otb_scores,
    overlaps,
)

TRUE = np.array([(x, 10, 20, 40) for x in (10, 12, 14, 16, 18)], np.float64)
FOUND = np.array(
    [TRUE[0], TRUE[1], (19, 12, 20, 40), (30, 10, 20, 40), (60, 10, 24, 44)], np.float64
)
SEEN = np.ones(5)


def test_boxes_that_drift_away():
    np.testing.assert_allclose(overlaps(FOUND, TRUE), [1, 1, 0.553398, 0.176471, 0], atol=1e-6)
    otb = otb_scores(FOUND, TRUE)
    assert otb.success == pytest.approx(0.533333, abs=1e-6)
    assert (otb.precision, otb.success_rate) == (0.8, 0.6)
    got10k = got10k_scores(got10k_overlaps(FOUND, TRUE, SEEN, None))
    assert got10k.average_overlap == pytest.approx(0.432467, abs=1e-6)
    assert (got10k.success_50, got10k.success_75) == (0.5, 0.25)


def test_a_perfect_tracker_has_20_of_21():
    otb = otb_scores(TRUE, TRUE)
    assert otb.success == pytest.approx(20 / 21)
    assert got10k_scores(got10k_overlaps(TRUE, TRUE, SEEN, None)).average_overlap == 1


def test_half_is_no_success_and_20_pixels_are_precise():
    true = np.array([(1, 1, 10, 10)] * 3, np.float64)
    found = np.array([(1, 1, 10, 10), (1, 1, 10, 5), (21, 1, 10, 10)], np.float64)
    assert center_errors(found, true).tolist() == [0, 2.5, 20]
    otb = otb_scores(found, true)
    assert otb.success_rate == pytest.approx(1 / 3)
    assert otb.precision == 1
    assert otb.success == pytest.approx(0.476190, abs=1e-6)
    got10k = got10k_scores(got10k_overlaps(found, true, np.ones(3), None))
    assert (got10k.average_overlap, got10k.success_50) == (pytest.approx(0.25), 0)


def test_the_first_box_is_the_true_one_for_otb_alone():
    found = FOUND.copy()
    found[0] = (500, 500, 3, 3)
    assert otb_scores(found, TRUE) == otb_scores(FOUND, TRUE)
    assert otb_scores(found[1:], TRUE[1:]).precision < 1


def test_what_is_not_marked_or_not_seen_does_not_count():
    true = TRUE.copy()
    true[3:] = np.nan
    assert otb_scores(FOUND, true) == otb_scores(FOUND[:3], TRUE[:3])
    seen = np.array([0, 1, 1, 0, 0])
    expected = overlaps(FOUND[1:3], TRUE[1:3])
    np.testing.assert_array_equal(got10k_overlaps(FOUND, TRUE, seen, None), expected)
    nothing = got10k_scores(got10k_overlaps(FOUND, TRUE, np.zeros(5), None))
    assert np.isnan(nothing.average_overlap)


def test_got10k_clips_boxes_to_the_frame_and_leaves_them_as_they_are():
    true = np.array([(0, 0, 9, 9), (-10, -10, 20, 20)], np.float64)
    found = np.array([(0, 0, 9, 9), (90, 90, 50, 50)], np.float64)
    before = true.copy()
    both = got10k_overlaps(found, true, np.ones(2), (100, 100))
    # The corner alone is clipped: 20x20 pixels from 0, none of them shared.
    assert both.tolist() == [0]
    np.testing.assert_array_equal(true, before)
    inside = np.array([(0, 0, 9, 9), (0, 0, 20, 20)], np.float64)
    assert got10k_overlaps(inside, true, np.ones(2), (100, 100)).tolist() == [1]

"""Correlation, enlargement, window and place against slow definitions of them."""

import math

import numpy as np
import pytest
from bireid_runtime import OutputSpec
from bireid_runtime.errors import ArgumentError, BundleError, ImageError
from bireid_runtime.exact_functions import sigmoid
from bireid_runtime.following import Follower
from bireid_runtime.manifest import Section
from bireid_runtime.matching import Matching
from bireid_runtime.responses import correlate, hann_window, locate, upsample
from bireid_runtime.search_crops import cut_square, mean_color

T1 = Matching(stride=8, exemplar_first=14, exemplar_cells=3, search_first=6, search_cells=19)


def test_correlation_is_the_sum_of_products():
    rng = np.random.default_rng(0)
    exemplar = rng.normal(size=(3, 3, 5)).astype(np.float32)
    searches = rng.normal(size=(2, 7, 7, 5)).astype(np.float32)
    found = correlate(exemplar, searches)
    assert found.shape == (2, 5, 5)
    for scale, row, column in np.ndindex(found.shape):
        part = searches[scale, row : row + 3, column : column + 3].astype(np.float64)
        assert found[scale, row, column] == pytest.approx((part * exemplar).sum(), rel=1e-12)


def _cubic(x):
    """Keys' kernel with a = -0.75."""
    x, a = abs(x), -0.75
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0


@pytest.mark.parametrize(("count", "times"), [(17, 16), (3, 5), (1, 4)])
def test_enlarging_is_cubic_interpolation(count, times):
    values = np.random.default_rng(1).normal(size=(1, count, count))
    weights = np.zeros((count * times, count))
    for place in range(count * times):
        middle = (place + 0.5) / times - 0.5
        for tap in range(math.floor(middle) - 1, math.floor(middle) + 3):
            weights[place, min(max(tap, 0), count - 1)] += _cubic(tap - middle)
    expected = weights @ values[0] @ weights.T
    np.testing.assert_allclose(upsample(values, times)[0], expected, atol=1e-12)


@pytest.mark.parametrize("side", [3, 4, 272])
def test_the_window_is_hanns(side):
    expected = np.outer(np.hanning(side), np.hanning(side))
    np.testing.assert_allclose(hann_window(side), expected / expected.sum(), atol=1e-15)
    assert hann_window(side).sum() == pytest.approx(1)


def test_sigmoid():
    for value in (-80.0, -3.5, 0.0, 0.7, 30.0):
        expected = 1 / (1 + math.exp(-max(value, -60)))
        assert sigmoid(value) == pytest.approx(expected, rel=1e-14)


def _spread(peak, at, side=9):
    response = np.zeros((side, side))
    response[at] = peak
    return response


def test_the_penalty_holds_back_other_sizes():
    matching = Matching(
        **{**T1.to_manifest(), "window_weight": 0.0, "scale_penalty": 0.9, "upsampling": 1}
    )
    responses = np.stack([_spread(1.05, (1, 1)), _spread(1, (4, 5)), _spread(0.5, (7, 7))])
    assert locate(responses, matching)[:3] == (1, 4, 5)
    responses[0] *= 1.2
    place = locate(responses, matching)
    assert place[:3] == (0, 1, 1)
    assert place.peak == 1.05 * 1.2


def test_the_window_prefers_the_middle_and_decides_alone_without_height():
    matching = Matching(**{**T1.to_manifest(), "window_weight": 0.9, "scales": 1})
    response = _spread(1.0, (0, 8)) + _spread(1.0, (4, 4))
    assert locate(response[None], matching)[:3] == (0, 4, 4)
    assert locate(np.full((1, 9, 9), 0.25), matching)[:3] == (0, 4, 4)


def test_a_crop_beyond_the_frame_is_filled_with_its_mean_colour():
    frame = np.zeros((4, 6, 3), np.uint8)
    frame[..., 0], frame[0, 0, 1] = 9, 13
    assert mean_color(frame).tolist() == [9, 1, 0]
    crop = cut_square(frame, (0.0, 3.0), 5.0, np.array([1, 2, 3], np.uint8))
    assert crop.shape == (5, 5, 3)
    assert (crop[:, :2] == [1, 2, 3]).all()
    assert (crop[3:] == [1, 2, 3]).all()
    np.testing.assert_array_equal(crop[:3, 2:], frame[1:4, :3])
    assert cut_square(frame, (2.5, 1.0), 0.1, mean_color(frame)).shape == (1, 1, 3)


def test_an_untouched_frame_is_its_own_crop():
    frame = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    np.testing.assert_array_equal(cut_square(frame, (4.0, 4.0), 9.0, mean_color(frame)), frame)


def _colours(crops):
    """A network of no layers: the crop in 32x32 cells of its own colours, less the mean."""
    maps = []
    for crop in crops:
        rows = (np.arange(32) + 0.5) * len(crop) / 32
        cells = crop[rows.astype(int)][:, rows.astype(int)].astype(np.float32)
        maps.append(cells - cells.mean())
    return np.stack(maps)


def _scene(x, y, size=20):
    frame = np.full((120, 160, 3), 90, np.uint8)
    frame[y : y + size, x : x + size] = [250, 30, 140]
    return frame


def test_a_target_is_followed_there_and_back():
    follower = Follower(_colours, T1, 256)
    follower.start(_scene(60, 50), (60, 50, 20, 20))
    path = [(64, 52), (70, 50), (76, 46), (70, 44), (62, 50)]
    for x, y in path:
        found = follower.update(_scene(x, y))
        left, top, width, height = found.box
        assert abs(left + width / 2 - x - 10) < 8
        assert abs(top + height / 2 - y - 10) < 8
        assert 0 <= found.score <= 1
    # Another start forgets the first.
    follower.start(_scene(20, 20), (20, 20, 20, 20))
    assert abs(follower.update(_scene(20, 20)).box[0] - 20) < 8


def test_a_lost_target_stays_in_the_frame_and_keeps_a_size():
    follower = Follower(_colours, T1, 256)
    follower.start(_scene(135, 95), (135, 95, 20, 20))
    for _ in range(60):
        left, top, width, height = follower.update(_scene(0, 0, size=1)).box
        assert 0 <= left + (width - 1) / 2 <= 159
        assert 0 <= top + (height - 1) / 2 <= 119
        assert 4 <= width <= 100


def test_what_cannot_be_followed():
    follower = Follower(_colours, T1, 256)
    with pytest.raises(ArgumentError, match="no target"):
        follower.update(_scene(0, 0))
    follower.start(_scene(60, 50), (60, 50, 20, 20))
    with pytest.raises(ImageError, match="the first one had"):
        follower.update(_scene(60, 50)[:50])


def test_the_manifest_says_every_constant():
    spec = OutputSpec.correlation("features", (32, 32, 128), T1)
    assert spec.to_manifest()["decode"] == T1.to_manifest()
    assert OutputSpec.from_manifest(Section(spec.to_manifest(), "manifest.json")) == spec


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"stride": 0}, "stride"),
        ({"scales": 2}, "must be odd"),
        ({"scales": 11}, "scales"),
        ({"exemplar_cells": 21, "exemplar_first": 5}, "more than search_cells"),
        ({"exemplar_first": 30}, "reaches beyond the 32 rows"),
        ({"search_first": 14}, "reaches beyond the 32 rows"),
        ({"exemplar_first": 13}, "amid the search"),
        ({"upsampling": 33}, "upsampling"),
        ({"scale_step": 0.5}, "scale_step"),
        ({"window_weight": 1.5}, "window_weight"),
        ({"response_bias": float("nan")}, "response_bias"),
        ({"response_scale": 0}, "response_scale"),
        ({"context": None}, "context"),
        ({"colour": 1}, "is unknown"),
    ],
)
def test_other_constants_are_refused(changes, reason):
    manifest = OutputSpec.correlation("features", (32, 32, 128), T1).to_manifest()
    manifest["decode"] |= changes
    with pytest.raises(BundleError, match=reason):
        OutputSpec.from_manifest(Section(manifest, "manifest.json"))


def test_a_map_is_square():
    manifest = OutputSpec.correlation("features", (32, 32, 128), T1).to_manifest()
    for shape in ([None, 32, 16, 128], [None, 32], [None, 32, 32, 4, 4]):
        with pytest.raises(BundleError, match="shape"):
            OutputSpec.from_manifest(Section({**manifest, "shape": shape}, "manifest.json"))

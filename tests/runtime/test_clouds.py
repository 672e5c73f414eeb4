"""From a point cloud to the network's input, against the definition."""

import numpy as np
import pytest
from bireid_runtime import CloudPreprocess, InputSpec
from bireid_runtime.clouds import MAX_POINTS, prepare_cloud, sample_evenly
from bireid_runtime.errors import ArgumentError, BundleError, CloudError, UnsupportedModelError
from bireid_runtime.manifest import Section


def cloud(points=10, seed=0):
    return np.random.default_rng(seed).normal(size=(points, 3)).astype(np.float32)


@pytest.mark.parametrize(("size", "count"), [(10, 4), (4, 10), (7, 7), (1000, 999), (3, 100)])
def test_points_are_taken_evenly(size, count):
    points = cloud(size)
    expected = [i * size // count if size > count else i % size for i in range(count)]
    np.testing.assert_array_equal(sample_evenly(points, count), points[expected])


@pytest.mark.parametrize(("size", "count"), [(100, 64), (40, 64), (64, 64)])
def test_it_fits_into_the_unit_sphere(size, count):
    points = (cloud(size) * 30 + 5).astype(np.float32)
    found = prepare_cloud(points, CloudPreprocess(count))
    assert (found.dtype, found.shape) == (np.float32, (count, 1, 3))
    sampled = sample_evenly(points, count).astype(np.float64)
    centred = sampled - sampled.mean(axis=0)
    expected = centred / np.linalg.norm(centred, axis=1).max()
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-6, atol=1e-7)
    assert np.linalg.norm(found, axis=2).max() == pytest.approx(1, abs=1e-6)


def test_place_and_size_do_not_count():
    points = np.round(cloud(50) * 64) / 64
    prepared = prepare_cloud(points, CloudPreprocess(32))
    moved = prepare_cloud(points * 4 + np.float32(8), CloudPreprocess(32))
    np.testing.assert_allclose(prepared, moved, atol=1e-6)


def test_the_ends_of_float32_are_reached():
    for scale in (1e-42, 3e38):
        found = prepare_cloud((cloud(20) / 5 * scale).astype(np.float32), CloudPreprocess(16))
        assert np.isfinite(found).all()
        assert np.linalg.norm(found, axis=2).max() == pytest.approx(1, abs=1e-6)


def _with(value):
    points = cloud()
    points[3, 1] = value
    return points


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (cloud().astype(np.float64), r"expected float32 points \(M, 3\), got float64"),
        (cloud().tolist(), "got list"),
        (cloud()[:, :2], r"the shape \(10, 2\)"),
        (cloud()[0], r"the shape \(3,\)"),
        (cloud(2), "2 points; a cloud has 3 to 16777216"),
        (np.broadcast_to(np.float32(0), (MAX_POINTS + 1, 3)), "16777217 points"),
        (_with(np.nan), "not all coordinates are finite"),
        (_with(-np.inf), "not all coordinates are finite"),
        (np.full((9, 3), 0.1, np.float32), "lie at one place"),
    ],
)
def test_impossible_clouds_are_refused(points, message):
    with pytest.raises(CloudError, match=message):
        prepare_cloud(points, CloudPreprocess(8))


def test_points_that_are_not_sampled_do_not_help():
    points = np.zeros((100, 3), np.float32)
    points[1] = 1
    with pytest.raises(CloudError, match="one place"):
        prepare_cloud(points, CloudPreprocess(50))
    prepare_cloud(points, CloudPreprocess(100))


def test_the_spec_goes_through_a_manifest():
    spec = InputSpec.points("cloud", CloudPreprocess(64, "z"))
    record = spec.to_manifest()
    assert record == {
        "name": "cloud",
        "kind": "points",
        "dtype": "float32",
        "layout": "NHWC",
        "shape": [None, 64, 1, 3],
        "preprocess": {
            "points": 64,
            "sample": "even",
            "normalize": "unit_sphere",
            "up_axis": "z",
        },
    }
    assert InputSpec.from_manifest(Section(record, "m")) == spec


@pytest.mark.parametrize(
    ("key", "value", "error", "message"),
    [
        ("points", 2, BundleError, "points' is 2; it must lie in 3..65536"),
        ("points", 65537, BundleError, "points' is 65537"),
        ("points", 63, BundleError, r"'shape' must be \[None, 63, 1, 3\] to agree"),
        ("points", "64", BundleError, "must be a whole number"),
        ("up_axis", "w", BundleError, "must be x, y or z"),
        ("sample", "random", UnsupportedModelError, "sample is 'random'.* 'even' only"),
        ("normalize", "cube", UnsupportedModelError, "normalize is 'cube'"),
        ("colour", True, BundleError, "'preprocess.colour' is unknown"),
    ],
)
def test_what_a_manifest_may_not_say(key, value, error, message):
    record = InputSpec.points("cloud", CloudPreprocess(64)).to_manifest()
    record["preprocess"][key] = value
    with pytest.raises(error, match=message):
        InputSpec.from_manifest(Section(record, "m"))


@pytest.mark.parametrize(("count", "axis"), [(2, "y"), (2**16 + 1, "y"), (64, "up")])
def test_a_record_is_checked_when_it_is_made(count, axis):
    with pytest.raises(ArgumentError, match="preprocess"):
        CloudPreprocess(count, axis)

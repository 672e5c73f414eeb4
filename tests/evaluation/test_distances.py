import numpy as np
import pytest

from bireid_deploy.errors import EmbeddingsError
from bireid_deploy.evaluation.distances import EuclideanDistances, squared_distances, unit_rows


def rows(count, size=32):
    return np.random.default_rng(0).normal(size=(count, size)).astype(np.float32)


def test_unit_rows_point_the_same_way_and_leave_the_input_alone():
    vectors = rows(20)
    before = vectors.copy()

    unit = unit_rows(vectors, "query")

    assert unit.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, rtol=1e-6)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(unit * lengths, vectors, rtol=1e-5)
    np.testing.assert_array_equal(vectors, before)


def test_very_long_and_very_short_rows_are_scaled_too():
    unit = unit_rows(np.float32([[3e30, 4e30], [3e-30, 4e-30]]), "query")

    np.testing.assert_allclose(unit, [[0.6, 0.8]] * 2, rtol=1e-6)


def test_a_row_of_zeros_is_refused():
    with pytest.raises(EmbeddingsError, match="query embedding 2 is all zeros"):
        unit_rows(np.float32([[1, 0], [0, 1], [0, 0]]), "query")


def test_squared_distances_agree_with_the_differences():
    first, second = unit_rows(rows(5), "query"), unit_rows(rows(9)[2:], "gallery")

    expected = ((first[:, np.newaxis] - second).astype(float) ** 2).sum(axis=2)

    np.testing.assert_allclose(squared_distances(first, second), expected, atol=1e-6)


def test_squared_distances_are_never_negative():
    unit = unit_rows(rows(300), "query")

    distances = squared_distances(unit, unit)

    assert distances.min() == 0
    np.testing.assert_allclose(np.diag(distances), 0, atol=1e-6)


def test_rows_of_some_queries():
    query, gallery = unit_rows(rows(6), "query"), unit_rows(rows(4), "gallery")

    some = EuclideanDistances(query, gallery).rows(2, 5)

    np.testing.assert_allclose(some, squared_distances(query, gallery)[2:5], atol=1e-6)

"""Exact search, against NumPy."""

import numpy as np
import pytest
from bireid_runtime.errors import ArgumentError
from bireid_runtime.search import products, search_codes, search_vectors, sign_codes


def unit_rows(count: int, dim: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def lane_products(rows: np.ndarray, query: np.ndarray) -> np.ndarray:
    """As search_kernels.h says it: 16 sums, then halves."""
    padded = -(-rows.shape[1] // 16) * 16
    terms = np.zeros((len(rows), padded), np.float32)
    terms[:, : rows.shape[1]] = rows * query
    lanes = np.zeros((len(rows), 16), np.float32)
    for begin in range(0, padded, 16):
        lanes += terms[:, begin : begin + 16]
    while lanes.shape[1] > 1:
        half = lanes.shape[1] // 2
        lanes = lanes[:, :half] + lanes[:, half:]
    return lanes[:, 0]


@pytest.mark.parametrize("dim", [7, 64, 250, 512])
def test_codes_are_those_of_packbits(dim: int) -> None:
    rows = unit_rows(20, dim, 0)
    np.testing.assert_array_equal(sign_codes(rows), np.packbits(rows >= 0, axis=1))


@pytest.mark.parametrize("threads", [1, 2])
def test_the_nearest_codes_are_those_that_numpy_counts(threads: int) -> None:
    rows = unit_rows(40_000, 32, 1)
    codes, code = sign_codes(rows), sign_codes(unit_rows(1, 32, 2))[0]
    distances = np.unpackbits(codes ^ code, axis=1).sum(axis=1, dtype=np.int32)
    expected = np.argsort(distances, kind="stable")[:500]
    found, bits = search_codes(codes, code, 500, 32, threads=threads)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(bits, distances[expected])


@pytest.mark.parametrize("dim", [5, 256])
def test_products_have_the_stated_bits(dim: int) -> None:
    rows, query = unit_rows(3000, dim, 3), unit_rows(1, dim, 4)[0]
    expected = lane_products(rows, query)
    np.testing.assert_array_equal(products(rows, query), expected)
    found, scores = search_vectors(rows, query, 10)
    np.testing.assert_array_equal(found, np.argsort(-expected, kind="stable")[:10])
    np.testing.assert_array_equal(scores, expected[found])


def test_rows_that_are_not_allowed_are_never_found() -> None:
    rows, query = unit_rows(100, 16, 5), unit_rows(1, 16, 6)[0]
    allowed = np.zeros(100, bool)
    allowed[[3, 70]] = True
    found, _ = search_vectors(rows, query, 10, allowed)
    assert sorted(found.tolist()) == [3, 70]


def test_a_mapped_file_is_searched_where_it_lies(tmp_path) -> None:
    rows = unit_rows(50, 16, 7)
    rows.tofile(tmp_path / "rows")
    mapped = np.memmap(tmp_path / "rows", np.float32, "r", shape=rows.shape)
    found, _ = search_vectors(mapped, rows[11], 1)
    assert found.tolist() == [11]


def test_what_cannot_be_searched_is_refused() -> None:
    rows, query = unit_rows(4, 16, 8), unit_rows(1, 16, 9)[0]
    with pytest.raises(ArgumentError, match="float32"):
        search_vectors(rows.astype(np.float64), query, 1)
    with pytest.raises(ArgumentError, match="as a row"):
        search_vectors(rows, query[:8], 1)
    with pytest.raises(ArgumentError, match="top is 0"):
        search_vectors(rows, query, 0)
    with pytest.raises(ArgumentError, match="behind one another"):
        search_vectors(rows[:, ::2], query[::2], 1)
    with pytest.raises(ArgumentError, match="a value per row"):
        search_vectors(rows, query, 1, np.ones(3, bool))
    with pytest.raises(ArgumentError, match="25 bytes, not 2"):
        search_codes(sign_codes(rows), sign_codes(rows)[0], 1, 200)

"""Exact search in embeddings: the nearest of all rows, by the signs of their numbers or by product.

The engine reads rows where they lie, so a `numpy.memmap` is searched without being loaded.
"""

import ctypes
from functools import cache

import numpy as np

from bireid_runtime import native_library
from bireid_runtime.errors import ArgumentError
from bireid_runtime.native_status import require_ok

MAX_TOP = 1 << 16
MAX_DIM = 1 << 16


def code_bytes(dim: int) -> int:
    """Bytes of the code of an embedding of `dim` numbers."""
    return (dim + 7) // 8


def sign_codes(vectors: np.ndarray) -> np.ndarray:
    """The signs of embeddings as bits, in the order of `numpy.packbits`.

    Args:
        vectors: float32 (N, D), D from 1 to 65536.

    Returns:
        uint8 (N, ceil(D / 8)); bit i is set where number i is 0 or more.

    Raises:
        ArgumentError: Another shape or dtype.
        BackendUnavailableError: The engine is missing.
    """
    rows = _matrix("vectors", vectors, np.float32)
    codes = np.empty((len(rows), code_bytes(rows.shape[1])), np.uint8)
    _call("bireid_sign_codes", _address(rows), len(rows), rows.shape[1], _address(codes))
    return codes


def search_codes(
    codes: np.ndarray,
    query: np.ndarray,
    top: int,
    dim: int,
    allowed: np.ndarray | None = None,
    threads: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """The rows whose codes differ from the query's in the fewest bits.

    Args:
        codes: uint8 (N, ceil(D / 8)), whole rows behind one another.
        query: uint8 (ceil(D / 8),).
        top: Rows wanted, 1 to 65536.
        dim: D.
        allowed: bool or uint8 (N,), 0 for a row that is left out; None allows all.
        threads: Threads that share the rows, 1 to 64; the result is the same.

    Returns:
        Rows, int64 (K,), the nearest first, of equal ones the lower first, and their distances,
        int32 (K,); K is `top`, or less where fewer are allowed.

    Raises:
        ArgumentError: A shape, dtype or number is another.
        BackendUnavailableError: The engine is missing.
    """
    rows = _matrix("codes", codes, np.uint8)
    if rows.shape[1] != code_bytes(dim):
        raise ArgumentError(
            f"codes of {dim} numbers have {code_bytes(dim)} bytes, not {rows.shape[1]}"
        )
    return _search("bireid_search_codes", rows, query, top, dim, allowed, threads, np.int32)


def search_vectors(
    vectors: np.ndarray,
    query: np.ndarray,
    top: int,
    allowed: np.ndarray | None = None,
    threads: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """The rows with the highest products with the query.

    Args:
        vectors: float32 (N, D), whole rows behind one another.
        query: float32 (D,).
        top: As for `search_codes`.
        allowed: As for `search_codes`.
        threads: As for `search_codes`.

    Returns:
        Rows, int64 (K,), the highest product first, and the products, float32 (K,): the same bits
        on every CPU.

    Raises:
        ArgumentError, BackendUnavailableError: As `search_codes`.
    """
    rows = _matrix("vectors", vectors, np.float32)
    return _search(
        "bireid_search_vectors", rows, query, top, rows.shape[1], allowed, threads, np.float32
    )


def products(vectors: np.ndarray, query: np.ndarray) -> np.ndarray:
    """The products of a query with rows, in the bits of `search_vectors`.

    Args:
        vectors: float32 (N, D).
        query: float32 (D,).

    Returns:
        float32 (N,).

    Raises:
        ArgumentError, BackendUnavailableError: As `search_codes`.
    """
    rows = _matrix("vectors", vectors, np.float32)
    asked = _query(query, rows)
    wanted = np.arange(len(rows), dtype=np.int64)
    scores = np.empty(len(rows), np.float32)
    _call(
        "bireid_search_rescore",
        *(_address(rows), len(rows), rows.shape[1], _address(asked)),
        *(_address(wanted), len(wanted), _address(scores)),
    )
    return scores


def _search(
    function: str,
    rows: np.ndarray,
    query: np.ndarray,
    top: int,
    dim: int,
    allowed: np.ndarray | None,
    threads: int,
    dtype: type[np.generic],
) -> tuple[np.ndarray, np.ndarray]:
    asked = _query(query, rows)
    mask = None
    if allowed is not None:
        mask = np.ascontiguousarray(allowed, np.uint8)
        if mask.shape != (len(rows),):
            raise ArgumentError(f"allowed is ({len(rows)},), a value per row; got {mask.shape}")
    places = max(1, min(top, MAX_TOP))
    found_rows, found = np.empty(places, np.int64), ctypes.c_int64()
    distances = np.empty(places, dtype)
    _call(
        function,
        *(_address(rows), len(rows), dim, _address(asked)),
        None if mask is None else _address(mask),
        *(top, threads, _address(found_rows), _address(distances), ctypes.byref(found)),
    )
    return found_rows[: found.value], distances[: found.value]


def _matrix(name: str, array: np.ndarray, dtype: type[np.generic]) -> np.ndarray:
    if array.dtype != dtype or array.ndim != 2 or not array.flags.c_contiguous:
        raise ArgumentError(
            f"{name} is a matrix of {np.dtype(dtype)} with whole rows behind one another; got "
            f"{array.dtype} {array.shape}"
        )
    return array


def _query(query: np.ndarray, rows: np.ndarray) -> np.ndarray:
    if query.dtype != rows.dtype or query.shape != rows.shape[1:]:
        raise ArgumentError(
            f"the query is {rows.dtype} {rows.shape[1:]}, as a row; got {query.dtype} {query.shape}"
        )
    return np.ascontiguousarray(query)


def _address(array: np.ndarray) -> int:
    return array.ctypes.data


def _call(function: str, *arguments: object) -> None:
    library = _engine()
    require_ok(library, getattr(library, function)(*arguments), function)


@cache
def _engine() -> ctypes.CDLL:
    """The library, with the functions of engine/bireid_search.h."""
    library = native_library.load(native_library.engine_path())
    library.bireid_last_error.restype = ctypes.c_char_p
    pointer, number, count = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64
    rows: tuple[type, ...] = (pointer, count, number)
    library.bireid_sign_codes.argtypes = [*rows, pointer]
    for name in ("bireid_search_codes", "bireid_search_vectors"):
        getattr(library, name).argtypes = [
            *rows,
            *(pointer, pointer, count, number),
            *(pointer, pointer, ctypes.POINTER(count)),
        ]
    library.bireid_search_rescore.argtypes = [*rows, pointer, pointer, count, pointer]
    return library

"""How alike embeddings are."""

import numpy as np

from bireid_runtime.errors import ArgumentError


def similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The cosine of embeddings of one fingerprint, as `bireid_similarity` of the C API, to the bit.

    Products are added in float64, in their order.

    Args:
        a: float32 `(..., D)`, rows of unit length.
        b: float32 `(..., D)` that broadcasts with `a`: `similarity(query, gallery)` compares one
            embedding with all rows.

    Returns:
        float64 `(...)`, -1 to 1; a number of two single embeddings.

    Raises:
        ArgumentError: Their lengths differ, or there is no number in them.
    """
    if not a.shape or a.shape[-1:] != b.shape[-1:] or not a.shape[-1]:
        raise ArgumentError(f"embeddings of shapes {a.shape} and {b.shape} cannot be compared")
    # Not a matrix product, whose order of additions is that of the library and the CPU.
    sums: np.ndarray = np.cumsum(a.astype(np.float64) * b.astype(np.float64), axis=-1)[..., -1]
    return sums


def ordered_norm(vector: np.ndarray) -> float:
    """The length of a vector, float64 (D,), its squares added in their order.

    Not NumPy's norm, whose order of additions is that of the library and the CPU: the native
    program computes the same to the last bit.
    """
    return float(np.sqrt(np.cumsum(vector * vector)[-1]))

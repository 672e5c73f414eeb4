"""Taking out of embeddings what a camera does to all of them alike."""

import numpy as np

MIN_DEVIATION = 1e-6

_MIN_NORM = 1e-12


def centre(rows: np.ndarray, mean: np.ndarray, deviation: np.ndarray | None = None) -> np.ndarray:
    """Take the mean of a camera out of embeddings, and divide by its deviation if there is one.

    The engine in C++ computes the same to the last bit.

    Args:
        rows: Embeddings, float32 `(N, D)`.
        mean: float32 `(D,)`.
        deviation: float32 `(D,)`, at least 1e-6; None divides by nothing.

    Returns:
        float32 `(N, D)`, rows of unit length; a row of zeros where nothing is left of one.
    """
    moved = rows - mean
    if deviation is not None:
        moved = moved / deviation
    # A sum in the order of the numbers, as a loop adds them; np.sum would add pairs.
    squares = np.cumsum(np.square(moved, dtype=np.float64), axis=1)[:, -1:]
    norms = np.maximum(np.sqrt(squares), _MIN_NORM).astype(np.float32)
    centred: np.ndarray = moved / norms
    return centred

"""The order of hits."""

import numpy as np

from bireid_runtime.comparing import ordered_norm

NOBODY = 0

# Measured: of a million embeddings of 512 numbers, the ten nearest are among so many with 0.997.
SHORTLIST, LONG_SHORTLIST, MANY = 200, 1000, 500_000


def rank(
    rows: np.ndarray, people: np.ndarray, scores: np.ndarray, top: int, one_per_person: bool
) -> list[tuple[int, float]]:
    """Rows and their scores, the highest first, of equal ones the lower row.

    Args:
        rows: int64 (N,), what is ranked: places or numbers of entries.
        people: int64 (N,), the person of each, `NOBODY` for a sighting.
        scores: float32 (N,).
        top: Rows wanted.
        one_per_person: Whether only the best row of a person counts; sightings all count.
    """
    seen: set[int] = set()
    found: list[tuple[int, float]] = []
    for place in np.lexsort((rows, -scores)):
        person = int(people[place])
        if one_per_person and person != NOBODY:
            if person in seen:
                continue
            seen.add(person)
        found.append((int(rows[place]), float(scores[place])))
        if len(found) == top:
            break
    return found


def unit_mean(vectors: np.ndarray) -> np.ndarray:
    """The mean of embeddings at unit length, float32 (D,); of opposite ones the zero vector."""
    mean = vectors.astype(np.float64).mean(axis=0)
    return (mean / max(ordered_norm(mean), 1e-12)).astype(np.float32)

"""Embeddings of people for galleries: rows of one person resemble each other."""

import numpy as np

DIM = 64
NETWORK = "sha256:" + "1" * 64
OTHER_NETWORK = "sha256:" + "2" * 64


def person_rows(person: int, count: int, dim: int = DIM, noise: float = 0.35) -> np.ndarray:
    """float32 (count, dim), unit rows around the direction of a person."""
    centre = np.random.default_rng(person).normal(size=dim)
    centre /= np.linalg.norm(centre)
    steps = np.random.default_rng([person, 1]).normal(size=(count, dim)) / np.sqrt(dim)
    rows = centre + noise * steps
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

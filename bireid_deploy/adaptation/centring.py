"""What a camera does to all embeddings alike, estimated from its unlabelled crops."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from bireid_runtime.camera_statistics import CameraStatistics, centre

Centring = Literal["none", "mean", "mean-and-deviation"]


@dataclass(frozen=True, eq=False)
class Centre:
    """What is taken out of the embeddings of one camera.

    Attributes:
        mean: float32 (D,), subtracted; None leaves embeddings as they are.
        deviation: float32 (D,), divided by; None divides by nothing.
    """

    mean: np.ndarray | None = None
    deviation: np.ndarray | None = None

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """The embeddings (N, D) as a bundle gives them: unit rows, float32."""
        return vectors if self.mean is None else centre(vectors, self.mean, self.deviation)


def estimate_centre(vectors: np.ndarray, centring: Centring) -> Centre:
    """Estimate from embeddings of one camera.

    Args:
        vectors: As the network gives them, unit rows, float32 (N, D).
        centring: What to take out; nothing of fewer than two embeddings.
    """
    if centring == "none" or len(vectors) < 2:
        return Centre()
    statistics = CameraStatistics(vectors.shape[1])
    statistics.add(vectors)
    return Centre(statistics.mean, statistics.deviation if centring != "mean" else None)


def centred(vectors: np.ndarray, cameras: np.ndarray, centring: Centring) -> np.ndarray:
    """Take out of each camera's embeddings what is estimated from themselves.

    Args:
        vectors: Unit rows, float32 (N, D).
        cameras: Camera of each, int64 (N,).
        centring: What to take out.

    Returns:
        Unit rows, float32 (N, D).
    """
    moved = np.empty_like(vectors)
    for camera in np.unique(cameras):
        own = cameras == camera
        moved[own] = estimate_centre(vectors[own], centring).apply(vectors[own])
    return moved

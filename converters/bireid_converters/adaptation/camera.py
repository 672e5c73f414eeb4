"""What was learned about one camera from its unlabelled crops."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class CameraAdaptation:
    """One camera of a bundle.

    Attributes:
        name: A letter or digit, then up to 63 of `A-Za-z0-9._-`; unique in the bundle.
        crops: Crops that the numbers come from, at least 1.
        mean: Mean (D,) of the embeddings of these crops, as the network with this camera's batch
            normalisation gives them; None leaves embeddings as they are.
        deviation: Standard deviation (D,) of each number of them, 1e-6 or more; None divides by
            nothing. Needs `mean`.
        model: Gives the Keras model with this camera's batch normalisation; all its other weights
            are those of the base bundle. It is called more than once, and what it returned is
            used no more once the next camera's is asked for: one model may serve all cameras.
            None leaves the network as it is.
    """

    name: str
    crops: int
    mean: np.ndarray | None = None
    deviation: np.ndarray | None = None
    model: Callable[[], Any] | None = None

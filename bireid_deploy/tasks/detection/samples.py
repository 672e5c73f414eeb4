"""Rendered frames, to check conversions on."""

import numpy as np
from bireid_runtime.preprocess import Preprocess

from bireid_deploy.data.synthetic.street import render_frame

SAMPLE_SEED = 30_000
_SMALLEST = 96


def sample_frames(preprocess: Preprocess, count: int) -> list[np.ndarray]:
    """Frames of a street, uint8 RGB; every second one is larger than the network's input.

    The smaller ones have another shape, so that a letterbox leaves grey. Nobody's picture may
    travel inside a bundle.
    """
    sizes = (
        (max(_SMALLEST, preprocess.height * 3 // 4), preprocess.width),
        (preprocess.height * 5 // 4, preprocess.width * 5 // 4),
    )
    return [
        np.asarray(render_frame(SAMPLE_SEED, index, sizes[index % 2]).picture)
        for index in range(count)
    ]

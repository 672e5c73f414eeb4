"""Crops of rendered sequences, to check conversions on."""

import numpy as np
from bireid_runtime.preprocess import Preprocess

from bireid_deploy.data.synthetic.walks import render_walk
from bireid_deploy.tasks.tracking.pairs import crop_of
from bireid_deploy.tasks.tracking.section import TrackingSection

SAMPLE_SEED = 40_000
_FRAMES = 4
_SIZE = (192, 256)


def sample_crops(preprocess: Preprocess, count: int) -> list[np.ndarray]:
    """Search crops around rendered targets, uint8 RGB; nobody's picture may travel in a bundle.

    Every second one is larger than the network's input.
    """
    crops: list[np.ndarray] = []
    while len(crops) < count:
        for frame in render_walk(SAMPLE_SEED, len(crops) // _FRAMES, _FRAMES, _SIZE):
            side = preprocess.height * (3 if len(crops) % 2 == 0 else 5) // 4
            pixels, box = np.asarray(frame.picture), np.array(frame.box, np.float64)
            crops.append(crop_of(pixels, box, side, TrackingSection()))
    return crops[:count]

"""Crops of rendered people, to check conversions on."""

import numpy as np
from bireid_runtime.preprocess import Preprocess

from bireid_deploy.data.synthetic.renderer import Renderer

SAMPLE_SEED = 20_000


def sample_crops(preprocess: Preprocess, count: int = 64) -> list[np.ndarray]:
    """Crops of synthetic people, uint8 RGB; every second one is larger than the network's input.

    Conversions are checked on them and take their golden crops from them, since nobody's picture
    may travel inside a bundle.
    """
    sizes = (128, 64), (preprocess.height * 3 // 2, preprocess.width * 3 // 2)
    renderers = [Renderer(SAMPLE_SEED, 4, size) for size in sizes]
    return [
        np.asarray(renderers[index % 2].render(index // 2, index % 4, 0)) for index in range(count)
    ]

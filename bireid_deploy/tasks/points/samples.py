"""Clouds of generated shapes, to check conversions on."""

import numpy as np
from bireid_runtime.clouds import CloudPreprocess

from bireid_deploy.data.clouds.shapes import SHAPES, sample_shape

SAMPLE_SEED = 40_000


def sample_clouds(spec: CloudPreprocess, count: int) -> list[np.ndarray]:
    """Clouds float32 (M, 3) of all shapes in turn: of more, of fewer and of as many points.

    They stand anywhere and have any size, so that the preprocessing is checked too.
    """
    sizes = (2 * spec.count + 1, max(3, spec.count * 3 // 4), spec.count)
    names = list(SHAPES)
    clouds = []
    for index in range(count):
        rng = np.random.default_rng((SAMPLE_SEED, index))
        cloud = sample_shape(names[index % len(names)], sizes[index % len(sizes)], rng)
        moved = cloud * rng.uniform(0.5, 20) + rng.uniform(-5, 5, 3)
        clouds.append(moved.astype(np.float32))
    return clouds

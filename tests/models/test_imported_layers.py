"""Layers of imported networks against their definition in PyTorch, at every kind of size."""

import numpy as np
import pytest
from bireid_models.framework import keras
from bireid_models.imported.layers import max_pool, max_pool_after_relu


def pooled(maps, padding, ceil):
    """`MaxPool2d(3, 2, padding, ceil_mode=ceil)` of maps (N, H, W, C), pixel by pixel."""
    outputs = []
    for extent in maps.shape[1:3]:
        count = (extent + 2 * padding - 3 + ceil) // 2 + 1
        # A window must begin inside the map or in front of it.
        outputs.append(count - ((count - 1) * 2 >= extent + padding))
    found = np.empty((len(maps), *outputs, maps.shape[3]), maps.dtype)
    for row, column in np.ndindex(*outputs):
        top, left = 2 * row - padding, 2 * column - padding
        window = maps[:, max(top, 0) : top + 3, max(left, 0) : left + 3]
        found[:, row, column] = window.max((1, 2))
    return found


@pytest.mark.parametrize("size", [(8, 6), (9, 7), (8, 7), (9, 6), (125, 63), (2, 3)])
@pytest.mark.parametrize("kind", ["padded", "ceil", "any"])
def test_max_pooling_is_that_of_pytorch(size, kind):
    image = keras.Input((*size, 2))
    if kind == "any":
        output = max_pool(image, "pool")
    else:
        output = max_pool_after_relu(image, "pool", ceil=kind == "ceil")
    maps = np.random.default_rng(0).normal(size=(2, *size, 2)).astype(np.float32)
    if kind != "any":
        maps = maps.clip(min=0)
    found = keras.Model(image, output)(maps).numpy()
    np.testing.assert_array_equal(found, pooled(maps, 0 if kind == "ceil" else 1, kind == "ceil"))

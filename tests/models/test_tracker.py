"""The head `tracker`: which cells see no padding, and what an exemplar of half the side shows."""

import numpy as np
import pytest
from bireid_models.config import NetworkConfig
from bireid_models.framework import keras
from bireid_models.network import build_network

FIRST, LAST = 6, 24
"""Cells of 32 that see no padding."""


def _network(side):
    keras.utils.set_random_seed(3)
    return build_network(
        NetworkConfig(
            backbone="resnet18_stage2",
            head="tracker",
            width=0.125,
            input_height=side,
            input_width=side,
        )
    )


@pytest.fixture(scope="module")
def network():
    return _network(256)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).normal(size=(1, 264, 264, 3)).astype(np.float32)


def test_it_gives_a_map_and_learns_a_number(network):
    assert network.outputs == ("features",)
    assert network.model.output_shape == (None, 32, 32, 128)
    assert network.features.output_shape["response_bias"] == (None,)
    beside = {layer.name for layer in network.features.layers} - {
        layer.name for layer in network.model.layers
    }
    assert beside == {"response_bias"}
    assert "response_bias" in network.head_layers
    network.features.get_layer("response_bias").bias.assign(0.75)
    features = network.features(np.zeros((2, 256, 256, 3), np.float32))
    assert features["response_bias"].numpy().tolist() == [0.75, 0.75]


def test_cells_that_see_no_padding_move_with_the_image(network, image):
    here = network.model(image[:, :256, :256]).numpy()[0]
    there = network.model(image[:, 8:, 8:]).numpy()[0]
    clean = slice(FIRST, LAST)
    np.testing.assert_array_equal(there[clean, clean], here[FIRST + 1 : LAST + 1, FIRST + 1 : 25])
    # Those at the border do not.
    for row in (0, 30):
        assert not np.array_equal(there[row, clean], here[row + 1, FIRST + 1 : 25])


def test_a_crop_of_half_the_side_gives_the_exemplar(network, image):
    small = _network(128)
    small.model.set_weights(network.model.get_weights())
    whole = network.model(image[:, :256, :256]).numpy()[0]
    half = small.model(image[:, 64:192, 64:192]).numpy()[0]
    np.testing.assert_array_equal(half[6:9, 6:9], whole[14:17, 14:17])
    assert not np.array_equal(half[4, 4], whole[12, 12])


def test_four_exemplars_lie_side_by_side(network, image):
    tile = image[:, 64:192, 64:192]
    other = image[:, 100:228, 8:136]
    rows = [np.concatenate([tile, other], axis=2), np.concatenate([other, tile], axis=2)]
    found = network.model(np.concatenate(rows, axis=1)).numpy()[0]
    whole = network.model(image[:, :256, :256]).numpy()[0]
    for row, column in ((0, 0), (16, 16)):
        part = found[row + 6 : row + 9, column + 6 : column + 9]
        np.testing.assert_array_equal(part, whole[14:17, 14:17])

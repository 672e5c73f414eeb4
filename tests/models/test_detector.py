"""The detectors: shapes, where they begin, and what they cost."""

import numpy as np
import pytest
from bireid_models.complexity import layer_costs
from bireid_models.config import NetworkConfig
from bireid_models.framework import keras
from bireid_models.layers import binary_layers
from bireid_models.network import build_network

HALF = {"width": 0.5, "input_height": 256, "input_width": 256}
FUSED = {"backbone": "resnet18_stage3", "head": "fused_detector"}


@pytest.fixture(scope="module")
def half():
    return build_network(NetworkConfig(head="detector", last_stride=1, **HALF))


def test_the_counts_of_the_specification(half):
    costs = list(layer_costs(half.model))
    real, binary = (
        sum(cost.macs for cost in costs if cost.kind == kind) for kind in ("real", "binary")
    )
    assert (real // 10**6, binary // 10**6) == (98, 1027)
    assert len(binary_layers(half.model)) == 19
    assert half.model.output_shape == (None, 16, 16, 5)


def test_it_begins_with_low_scores(half):
    """Before training the map is nearly its biases, in training mode, which normalises."""
    images = np.random.default_rng(0).normal(size=(2, 256, 256, 3)).astype(np.float32)
    values = half.features(images, training=True)["boxes"].numpy()
    assert values[..., 0].mean() == pytest.approx(-4, abs=0.3)
    assert values[..., 1:].mean() == pytest.approx(1, abs=0.3)


def test_two_levels_in_one():
    size = {"width": 0.125, "input_height": 64, "input_width": 96, "classes": 3}
    network = build_network(NetworkConfig(**FUSED, **size))
    assert network.model.output_shape == (None, 4, 6, 7)
    assert len(binary_layers(network.model)) == 15
    assert list(network.features.output) == ["stage1", "stage2", "stage3", "boxes"]
    with pytest.raises(ValueError, match="take backbone 'resnet18_stage3'"):
        build_network(NetworkConfig(head="fused_detector", **size))


def test_a_pyramid_down_to_one_map():
    keras.utils.set_random_seed(0)
    size = {"width": 0.125, "input_height": 64, "input_width": 96, "classes": 3}
    network = build_network(NetworkConfig(head="fpn_detector", **size))
    assert network.model.output_shape == (None, 8, 12, 7)
    assert len(binary_layers(network.model)) == 21
    # The sums of the pyramid have both signs: no ReLU stands before a unit.
    images = np.random.default_rng(0).normal(size=(1, 64, 96, 3)).astype(np.float32)
    fused = network.model.get_layer("stage2_fusion_add").output
    signs = keras.Model(network.model.input, fused)(images).numpy()
    assert 0.1 < (signs > 0).mean() < 0.9
    for wrong in ({"last_stride": 1}, {"input_height": 80}, {"backbone": "pointnet"}):
        with pytest.raises(ValueError, match="last_stride=2, and multiples of 32"):
            build_network(NetworkConfig(head="fpn_detector", **(size | wrong)))


def test_classes_are_bounded():
    with pytest.raises(ValueError, match="classes is 0"):
        NetworkConfig(head="detector", classes=0)

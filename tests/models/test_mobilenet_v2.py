"""MobileNetV2: counted against the published network, and where its signs stand."""

import numpy as np
import pytest
from bireid_models.complexity import layer_costs
from bireid_models.config import NetworkConfig
from bireid_models.framework import keras
from bireid_models.layers import BinaryConv2D, binary_layers
from bireid_models.network import build_network

SMALL = {"width": 0.125, "input_height": 64, "input_width": 32}


@pytest.fixture(scope="module")
def small():
    return build_network(NetworkConfig("mobilenet_v2", **SMALL))


@pytest.fixture(scope="module")
def real():
    return build_network(NetworkConfig("mobilenet_v2", precision="real", **SMALL))


@pytest.mark.slow
def test_it_has_the_kernels_of_the_original():
    """Parameters of torchvision's, less those of its classifier and its normalisations."""
    size = {"input_height": 224, "input_width": 224}
    costs = layer_costs(build_network(NetworkConfig("mobilenet_v2", **size)).model)
    assert sum(cost.weights for cost in costs) == 3_504_872 - 1_281_000 - 34_112
    assert sum(cost.macs for cost in costs) == 299_494_272
    binary = [cost for cost in costs if cost.kind == "binary"]
    assert len(binary) == 34
    assert sum(cost.weights for cost in binary) == 2_124_672


def test_maps_halve_from_stage_to_stage(small):
    images = np.random.default_rng(0).normal(size=(2, 64, 32, 3)).astype(np.float32)
    features = small.features(images)
    for stage, (rows, count) in enumerate(((16, 8), (8, 8), (4, 16), (2, 160)), 1):
        assert features[f"stage{stage}"].shape == (2, rows, rows // 2, count)
    np.testing.assert_allclose(np.linalg.norm(small.model(images), axis=1), 1.0, rtol=1e-5)


def test_the_last_map_follows_its_stride_and_odd_sizes_round_up():
    options = {"input_height": 66, "last_stride": 1, "precision": "real"}
    features = build_network(NetworkConfig("mobilenet_v2", **{**SMALL, **options})).features
    assert [features.output[f"stage{stage}"].shape[1] for stage in (1, 2, 3, 4)] == [17, 9, 5, 5]


def test_a_normalisation_stands_before_every_sign(small):
    assert len(binary_layers(small.model)) == 34
    for layer in small.model.layers:
        if isinstance(layer, BinaryConv2D):
            (node,) = layer.inbound_nodes
            before = node.inbound_layers
            assert isinstance(before, keras.layers.BatchNormalization), layer.name
            assert before.name == layer.name.replace("_conv", "_input_bn")


def test_blocks_that_keep_their_shape_add_their_input(small, real):
    for network in (small, real):
        sums = [each for each in network.model.layers if isinstance(each, keras.layers.Add)]
        # Those of the published one, and at this width where channels are equal by rounding.
        assert {each.name for each in sums} >= {
            *(
                "stage1_block3_project_add",
                "stage2_block2_project_add",
                "stage2_block3_project_add",
            ),
            *("stage3_block2_project_add", "stage4_block2_project_add"),
        }
        assert all(len(each.input) == 2 for each in sums)


def test_the_real_counterpart_has_the_same_kernels(small, real):
    def kernels(model):
        return {
            each.name: tuple(each.weights[0].shape)
            for each in model.layers
            if isinstance(each, keras.layers.Conv2D | keras.layers.DepthwiseConv2D)
        }

    assert kernels(small.model) == kernels(real.model)
    assert not any("input_bn" in each.name for each in real.model.layers)

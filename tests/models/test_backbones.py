"""Shapes and wiring of the backbones."""

from functools import cache

import numpy as np
import pytest
from bireid_models.config import NetworkConfig
from bireid_models.framework import keras, tf
from bireid_models.layers import binary_layers
from bireid_models.map_layers import RepeatChannels
from bireid_models.network import build_network

BACKBONES = {"resnet10": 8, "resnet18": 16, "resnet34": 32, "resnet50": 48, "mobilenet": 26}


@cache
def small_network(backbone, **options):
    return build_network(
        NetworkConfig(backbone, input_height=64, input_width=32, width=0.125, **options)
    )


def check_shapes(network, channels, last_rows):
    images = np.random.default_rng(0).normal(size=(2, 64, 32, 3)).astype(np.float32)
    features = network.features(images)
    for stage, (rows, count) in enumerate(zip((16, 8, 4, last_rows), channels, strict=True), 1):
        assert features[f"stage{stage}"].shape == (2, rows, rows // 2, count)
    norms = np.linalg.norm(network.model(images), axis=1)
    np.testing.assert_allclose(norms, 1.0, rtol=1e-5)


@pytest.mark.parametrize(
    ("backbone", "channels"),
    [
        ("resnet34", (8, 16, 32, 64)),
        ("resnet50", (32, 64, 128, 256)),
        ("mobilenet", (32, 64, 128, 256)),
    ],
)
def test_shapes_and_unit_rows(backbone, channels):
    network = small_network(backbone)
    check_shapes(network, channels, last_rows=2)
    assert len(binary_layers(network.model)) == BACKBONES[backbone]


def test_last_stride_of_mobilenet():
    check_shapes(small_network("mobilenet", last_stride=1), (32, 64, 128, 256), last_rows=4)


@pytest.mark.parametrize(("backbone", "rows"), [("resnet18", 32), ("mobilenet", 16)])
def test_cifar_stem_keeps_the_size(backbone, rows):
    config = NetworkConfig(
        input_height=32, input_width=32, width=0.125, backbone=backbone, stem="cifar"
    )
    network = build_network(config)
    assert network.model.get_layer("stem_conv").kernel.shape[:2] == (3, 3)
    assert network.features.output["stage1"].shape[1:3] == (rows, rows)
    assert network.features.output["stage4"].shape[1:3] == (rows // 8, rows // 8)


@pytest.mark.parametrize("backbone", ["resnet50", "mobilenet"])
def test_real_counterpart_has_the_same_kernels(backbone):
    binary, real = (
        {
            each.name: tuple(each.kernel.shape)
            for each in network.model.layers
            if isinstance(each, keras.layers.Conv2D)
        }
        for network in (small_network(backbone), small_network(backbone, precision="real"))
    )
    assert binary == real


def sources(model, name):
    (node,) = model.get_layer(name).inbound_nodes
    return [layer.name for layer in tf.nest.flatten(node.inbound_layers)]


def test_every_convolution_of_a_bottleneck_but_the_narrowing_one_has_a_shortcut():
    model = small_network("resnet50").model
    names = {layer.name for layer in model.layers}

    assert "stage2_block2_unit1_add" not in names
    assert sources(model, "stage2_block2_unit2_add") == [
        "stage2_block2_unit2_bn",
        "stage2_block2_unit1_prelu",
    ]
    assert sources(model, "stage2_block2_unit3_add") == [
        "stage2_block2_unit3_bn",
        "stage2_block1_unit3_prelu",
    ]
    assert sources(model, "stage2_block1_unit2_add")[1] == "stage2_block1_unit2_downsample_pool"
    assert sources(model, "stage2_block1_unit3_downsample_pool") == ["stage1_block3_unit3_prelu"]


def test_plain_networks_have_the_shortcuts_of_their_architecture():
    def adds(backbone):
        layers = small_network(backbone, binarization="xnor").model.layers
        return sum(isinstance(each, keras.layers.Add) for each in layers)

    assert adds("resnet50") == 3 + 4 + 6 + 3
    assert adds("mobilenet") == 0


def test_mobilenet_repeats_channels_where_they_double():
    model = small_network("mobilenet").model
    repeats = [each for each in model.layers if isinstance(each, RepeatChannels)]
    assert [each.input_shape[-1] for each in repeats] == [8, 16, 32, 64, 128]
    assert {each.times for each in repeats} == {2}


def test_repeated_channels_stand_side_by_side():
    pixels = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)
    np.testing.assert_array_equal(RepeatChannels(3)(pixels), np.repeat(pixels, 3, axis=-1))

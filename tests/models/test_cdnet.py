"""CDNet: what it is made of, counted against the published sizes, and as a 1-bit network."""

import dataclasses
import math

import numpy as np
import pytest
from bireid_models import NetworkConfig
from bireid_models.backbones.cdnet_architecture import (
    PUBLISHED,
    Choice,
    parse_architecture,
    write_architecture,
)
from bireid_models.backbones.cdnet_blocks import cblock
from bireid_models.backbones.stem import cdnet_stem
from bireid_models.complexity import layer_costs
from bireid_models.framework import keras, tf
from bireid_models.fusion_gate import FusionGate
from bireid_models.heads.balance_neck import blneck, fblneck
from bireid_models.layers import binary_layers
from bireid_models.network import build_network

REAL = NetworkConfig("cdnet", precision="real", head="fblneck")
TINY = {"width": 0.125, "input_height": 64, "input_width": 32}


def weights(model):
    return sum(math.prod(each.shape) for each in model.trainable_variables)


def macs(model):
    return sum(cost.macs for cost in layer_costs(model))


@pytest.fixture(scope="module")
def published():
    """Both published networks with both branches, at the published input."""
    return {name: build_network(dataclasses.replace(REAL, architecture=name)) for name in PUBLISHED}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "whole", "backbone"),
    [
        ("cdnet", (1_796_600, 955_063_296), (1_747_448, 948_771_840)),
        ("cnet", (1_436_240, 821_422_080), (1_387_088, 815_130_624)),
    ],
)
def test_the_deployed_network_has_the_published_size(published, architecture, whole, backbone):
    model = published[architecture].model
    assert (weights(model), macs(model)) == whole
    (squeeze,) = (cost for cost in layer_costs(model) if cost.name == "local_squeeze")
    assert (whole[0] - squeeze.weights, whole[1] - squeeze.macs) == backbone


@pytest.mark.slow
def test_the_published_classifiers_have_their_size(published):
    """With biased classifiers: that of ImageNet on one neck, those of CIFAR-100 on two."""
    features = published["cdnet"].features
    dense = features.output_shape["neck"][-1] + 1
    local = sum(weights(layer) for layer in features.layers if layer.name.startswith("local"))
    assert weights(features) - local + 1000 * dense == 2_524_128
    smaller_stem = (7 * 7 - 3 * 3) * 3 * 64
    assert weights(features) + 2 * 100 * dense - smaller_stem == 2_287_808
    config = dataclasses.replace(REAL, stem="cifar", input_height=32, input_width=32)
    image = keras.Input((32, 32, 3))
    assert weights(keras.Model(image, cdnet_stem(image, config, 64))) == 3 * 3 * 3 * 64 + 128


@pytest.mark.parametrize(
    ("channels", "filters", "kernels", "size", "count", "products"),
    [
        (64, 256, (3, 5), (64, 32), 54_544, 104_206_336),
        (256, 256, (3, 7), (64, 32), 54_736, 105_385_984),
        (384, 512, (5, 7), (16, 8), 410_912, 51_085_312),
    ],
)
def test_a_block_has_the_published_size(channels, filters, kernels, size, count, products):
    x = keras.Input((*size, channels))
    model = keras.Model(x, cblock(x, REAL, kernels, "block", filters))
    assert (weights(model), macs(model)) == (count, products)


def test_maps_and_branches():
    config = NetworkConfig("cdnet", precision="real", head="fblneck", dropout=0.2, **TINY)
    network = build_network(config)
    shapes = {name: shape[1:] for name, shape in network.features.output_shape.items()}
    assert shapes == {
        "stage1": (16, 8, 32),
        "stage2": (8, 4, 48),
        "stage2_half": (4, 2, 48),
        "stage3": (4, 2, 64),
        "pooled": (64,),
        "neck": (64,),
        "classifier_input": (64,),
        "local_pooled": (32,),
        "local_neck": (64,),
        "local_classifier_input": (64,),
    }
    images = np.random.default_rng(0).normal(size=(2, 64, 32, 3)).astype(np.float32)
    maps = network.features(images)
    halves = network.model.get_layer("local_squeeze")(maps["stage2_half"]).numpy()
    upper, lower = halves[:, :2].mean((1, 2)), halves[:, 2:].mean((1, 2))
    both = np.concatenate([maps["stage3"].numpy().mean((1, 2)), upper, lower], axis=1)
    embedding = network.model(images).numpy()
    np.testing.assert_allclose(
        embedding, both / np.linalg.norm(both, axis=1, keepdims=True), atol=1e-6
    )


def test_both_branches_share_one_gate_and_it_learns_from_both():
    layer = FusionGate()
    maps = [tf.random.stateless_normal((2, 4, 3, 8), (seed, 0)) for seed in (0, 1)]
    with tf.GradientTape() as tape:
        tape.watch(maps)
        fused = layer(maps)
        loss = tf.reduce_sum(fused**2)
    assert [tuple(each.shape) for each in layer.trainable_variables] == [
        (1, 1, 8, 2),
        (2,),
        (1, 1, 2, 8),
        (8,),
    ]
    gates = [layer.gate(each) for each in maps]
    np.testing.assert_allclose(fused, maps[0] * gates[0] + maps[1] * gates[1], rtol=1e-6)
    gradients = tape.gradient(loss, [*maps, *layer.trainable_variables])
    assert all(float(tf.norm(each)) > 0 for each in gradients)


def test_an_architecture_is_a_line_of_text():
    found = parse_architecture("cdnet")
    assert found[:2] == (Choice((3, 5)), Choice((3, 7), 2))
    assert write_architecture(found) == PUBLISHED["cdnet"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cdnet2", "give 'cdnet' or 'cnet', or 6 choices"),
        ("3+5 3+5 3+5 3+5 3+5", "6 choices"),
        ("5+3 3+5 3+5 3+5 3+5 3+5", "'5\\+3'; it must be two of the kernels"),
        ("3+5x3 3+5 3+5 3+5 3+5 3+5", "'3\\+5x3'"),
    ],
)
def test_another_line_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        NetworkConfig("cdnet", architecture=text)


def test_every_1x1_of_the_maps_is_1_bit_and_sees_both_signs():
    config = NetworkConfig("cdnet", downsample="binary", architecture="cnet", **TINY)
    network = build_network(config)
    layers = binary_layers(network.model)
    pointwise = [
        layer
        for layer in network.model.layers
        if isinstance(layer, keras.layers.Conv2D) and layer.kernel_size == (1, 1)
    ]
    depthwise = [
        layer for layer in network.model.layers if isinstance(layer, keras.layers.DepthwiseConv2D)
    ]
    # A unit per Lite convolution, two per block, three shortcuts that widen, two between stages.
    assert len(layers) == len(depthwise) + 2 * 6 + 3 + 2
    assert {layer.name for layer in layers} == {
        layer.name for layer in pointwise if not isinstance(layer, keras.layers.DepthwiseConv2D)
    }
    inputs = keras.Model(network.model.input, [layer.input for layer in layers])
    images = np.random.default_rng(0).normal(size=(8, 64, 32, 3)).astype(np.float32)
    for layer, x in zip(layers, inputs(images, training=True), strict=True):
        share = float((x.numpy() < 0).mean())
        assert 0.01 < share < 0.99, layer.name


def test_a_neck_without_a_place_for_a_projection_says_so():
    maps = {"fine": keras.Input((3, 2, 8)), "coarse": keras.Input((3, 2, 8))}
    with pytest.raises(ValueError, match="leave out embedding_dim=16"):
        blneck(maps, NetworkConfig("cdnet", embedding_dim=16))
    with pytest.raises(ValueError, match="2 stripes, which has 3 rows"):
        fblneck(maps, NetworkConfig("cdnet"))

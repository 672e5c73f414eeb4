"""RBConv, kernel stages, soft masks, and what is left of them in the deployed network."""

import dataclasses

import numpy as np
import pytest
from bireid_models.backbones import BACKBONES
from bireid_models.binarizations import BINARIZATIONS
from bireid_models.complexity import layer_costs, removed
from bireid_models.config import NetworkConfig
from bireid_models.deploying import deployable, fold_matrices
from bireid_models.framework import keras, tf
from bireid_models.layers import BinaryConv2D, binary_layers
from bireid_models.map_layers import ChannelMask
from bireid_models.network import build_network

SIZE = {"input_height": 32, "input_width": 32, "width": 0.25}
SHAPES = {"rbcn": (3, 3, 4, 1), "rbcn_kernel": (3, 3, 1, 1), "rbcn_scalar": (1, 1, 1, 1)}


def _shaken(**options):
    """A network away from its initial values, four in ten numbers of its masks above zero."""
    network = build_network(NetworkConfig(**SIZE, **options))
    generator = np.random.default_rng(0)
    for layer in network.model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            for each in layer.weights:
                each.assign(each + 0.1 * np.abs(generator.normal(size=each.shape)))
        if isinstance(layer, ChannelMask):
            values = generator.uniform(0.2, 1.0, layer.mask.shape)
            values *= generator.uniform(size=layer.mask.shape) < 0.4
            layer.mask.assign(values.astype(np.float32))
    for layer in binary_layers(network.model):
        shape = layer.learned_scale.shape
        layer.learned_scale.assign(generator.uniform(0.04, 0.06, shape).astype(np.float32))
    return network


def _outputs(network):
    images = np.random.default_rng(1).normal(size=(4, 32, 32, 3)).astype(np.float32)
    return np.asarray(network.model(images, training=False))


@pytest.fixture(scope="module")
def rectified():
    return _shaken(backbone="resnet10", binarization="rbcn")


@pytest.mark.parametrize("name", SHAPES)
def test_rbconv_multiplies_the_signs_of_a_kernel_by_its_matrix(name):
    """Eq. 3.66, with ones outside the map and sign(0) = +1."""
    layer = BinaryConv2D(6, 3, binarization=BINARIZATIONS[name], padding="same", strides=2)
    layer.build((None, 5, 5, 4))
    assert tuple(layer.matrix.shape) == SHAPES[name]
    assert layer.alpha is None
    generator = np.random.default_rng(0)
    matrix = generator.uniform(0.1, 1.0, SHAPES[name]).astype(np.float32)
    layer.matrix.assign(matrix)
    images = generator.normal(size=(2, 5, 5, 4)).astype(np.float32)
    images[0, 0, 0] = 0.0
    signs = np.pad(
        np.where(images >= 0, 1.0, -1.0), ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=1.0
    )
    kernel = np.where(layer.kernel.numpy() >= 0, 1.0, -1.0) * matrix
    expected = sum(
        signs[:, row : row + 5 : 2, column : column + 5 : 2] @ kernel[row, column]
        for row in range(3)
        for column in range(3)
    )
    np.testing.assert_allclose(layer(images), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(layer.output_scale(), np.full(6, matrix.mean()), rtol=1e-6)


def test_the_gradient_of_a_kernel_is_twice_the_bump_of_eq_3_68():
    layer = BinaryConv2D(1, 1, binarization=BINARIZATIONS["rbcn"])
    layer.build((None, 1, 1, 5))
    layer.matrix.assign(np.full((1, 1, 5, 1), 0.5, np.float32))
    layer.kernel.assign(np.array([-1, -0.5, 0, 0.5, 1], np.float32).reshape(1, 1, 5, 1))
    with tf.GradientTape() as tape:
        output = layer(np.ones((1, 1, 1, 5), np.float32))
    np.testing.assert_allclose(
        tape.gradient(output, layer.kernel).numpy().ravel() / 0.5, [0, 1, 2, 1, 0]
    )


def test_the_deployed_network_has_the_mean_of_each_matrix(rectified):
    network = rectified
    folded = deployable(network)
    assert folded.config.binarization == "rbcn_channel"
    assert not np.allclose(_outputs(folded), _outputs(network), atol=1e-4)
    for trained, deployed in zip(
        binary_layers(network.model), binary_layers(folded.model), strict=True
    ):
        expected = np.full(deployed.filters, trained.matrix.numpy().mean())
        np.testing.assert_allclose(deployed.alpha, expected, rtol=1e-6)
        trained.matrix.assign(np.full(trained.matrix.shape, trained.matrix.numpy().mean()))
    np.testing.assert_allclose(_outputs(folded), _outputs(network), atol=1e-5)
    assert deployable(folded) is folded


def test_statistics_of_the_deployed_network_alone(rectified):
    network = rectified
    name = network.model.get_layer("stem_bn").moving_mean.name
    mean = np.linspace(-1, 1, 16, dtype=np.float32)
    deployed = deployable(network, {name: mean})
    np.testing.assert_array_equal(deployed.model.get_layer("stem_bn").moving_mean, mean)
    assert np.abs(network.model.get_layer("stem_bn").moving_mean.numpy() - mean).max() > 0.1
    with pytest.raises(ValueError, match="no variable 'stem_bn/other:0' of the shape"):
        deployable(network, {"stem_bn/other:0": mean})


@pytest.mark.slow
@pytest.mark.parametrize("binarization", ["rbcn_block", "rbcn_channel"])
def test_what_is_masked_is_gone_and_the_rest_computes_the_same(binarization):
    network = _shaken(backbone="resnet10", binarization=binarization, masks=True)
    smaller = deployable(network)
    # Folding C changes the signs that follow; the masks must change nothing beside.
    np.testing.assert_allclose(_outputs(smaller), _outputs(fold_matrices(network)), atol=1e-5)
    assert not smaller.config.masks
    assert not [layer for layer in smaller.model.layers if isinstance(layer, ChannelMask)]
    left = dict(smaller.config.pruned)
    assert 0 in left.values()
    if binarization == "rbcn_block":
        filters = {name: count for name, count in left.items() if count}
        assert filters
        assert all(count % 8 == 0 for count in filters.values())
        assert all(
            smaller.model.get_layer(f"{name}_conv").filters == count
            for name, count in filters.items()
            if left.get(name.replace("unit1", "unit2")) != 0
        )
    gone = removed(network.model, smaller.model)
    assert {each.name for each in gone if each.after is None} >= {
        f"{name}_conv" for name, count in left.items() if count == 0
    }
    before, after = (sum(each.macs for each in layer_costs(n.model)) for n in (network, smaller))
    assert after < before


@pytest.mark.slow
def test_filters_that_are_silent_stay_where_too_few_would_be_left():
    network = _shaken(backbone="resnet10", binarization="rbcn_block_channel", masks=True)
    for layer in network.model.layers:
        if isinstance(layer, ChannelMask):
            layer.mask.assign(np.zeros(layer.mask.shape) if layer.channels > 1 else [1.0])
    smaller = deployable(network)
    assert set(dict(smaller.config.pruned).values()) == {8}
    np.testing.assert_allclose(_outputs(smaller), _outputs(network), atol=1e-5)


@pytest.mark.slow
def test_a_map_that_two_layers_read_keeps_its_filters():
    """With a shortcut per convolution the first unit of a bottleneck is read twice."""
    config = NetworkConfig(backbone="resnet50", binarization="rbcn", masks=True, **SIZE)
    image = keras.Input((32, 32, 3))
    model = keras.Model(image, BACKBONES["resnet50"].build(image, config))
    masks = {each.name: each.channels for each in model.layers if isinstance(each, ChannelMask)}
    assert "stage1_block1_unit1_mask" not in masks
    assert set(masks.values()) == {1}


def test_kernel_stages_of_table_3_3():
    stages, width = (64, 64, 128, 256), 0.5
    config = NetworkConfig(
        input_height=32, input_width=32, stem="cifar", stage_channels=stages, width=width
    )
    image = keras.Input((32, 32, 3))
    maps = BACKBONES["resnet18"].build(image, config)
    found = tuple(each.shape[-1] for each in maps.values())
    assert found == tuple(round(width * count) for count in stages)


@pytest.mark.parametrize(
    ("backbone", "convolutions"), [("wide_resnet22", 18), ("wide_resnet40", 36)]
)
def test_wide_resnets(backbone, convolutions):
    """Width 4 is the 64-64-128-256 of the book, halved and halved again on 32x32."""
    config = NetworkConfig(
        backbone=backbone,
        stem="cifar",
        input_height=32,
        input_width=32,
        width=4.0,
        binarization="rbcn",
        stage_channels=(8, 16, 32),
    )
    image = keras.Input((32, 32, 3))
    maps = BACKBONES[backbone].build(image, config)
    assert len(binary_layers(keras.Model(image, maps))) == convolutions
    assert [tuple(each.shape[1:]) for each in maps.values()] == [
        (32, 32, 32),
        (16, 16, 64),
        (8, 8, 128),
    ]
    assert dataclasses.replace(config, stage_channels=None).stages((16, 32, 64)) == (64, 128, 256)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"masks": True, "binarization": "xnor"}, "order fused"),
        ({"masks": True, "binarization": "bireal"}, "masks need a learned scale.*rbcn"),
        ({"stage_channels": (4, 8, 8, 8)}, "each must be 8 to 2048"),
    ],
)
def test_impossible_networks_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        NetworkConfig(**options)


def test_stages_are_as_many_as_the_backbone_has():
    config = NetworkConfig(backbone="resnet18_stage2", stage_channels=(32, 32, 64))
    with pytest.raises(ValueError, match="3 numbers; resnet18_stage2 has 2 stages"):
        build_network(config)

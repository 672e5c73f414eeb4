"""Scales, surrogates and wiring of BiRe-ID and its rivals."""

import dataclasses
from functools import cache

import numpy as np
import pytest
from bireid_models.binarizations import BINARIZATIONS
from bireid_models.config import NetworkConfig
from bireid_models.deploying import deployable
from bireid_models.framework import keras, tf
from bireid_models.kernels import standardized
from bireid_models.layers import (
    BinaryActivationConv2D,
    BinaryConv2D,
    BinaryWeightConv2D,
    binary_layers,
    latent_layers,
)
from bireid_models.network import build_network
from bireid_models.surrogates import ErrorDecay


@cache
def small_network(binarization, precision="binary"):
    config = NetworkConfig(
        precision=precision,
        binarization=binarization,
        input_height=64,
        input_width=32,
        width=0.125,
    )
    return build_network(config)


def built(name, kernel=None):
    layer = BinaryConv2D(2, 1, binarization=BINARIZATIONS[name])
    layer.build((None, 3, 3, 4))
    if kernel is not None:
        layer.kernel.assign(np.asarray(kernel, np.float32).T.reshape(1, 1, 4, 2))
    return layer


def gradient(function, values):
    values = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(values)
        result = function(values)
    return tape.gradient(result, values).numpy()


KERNEL = [[0.2, -0.4, 0.1, -0.3], [0.05, 0.5, -0.6, 0.0]]


def test_mean_abs_is_the_scale_of_xnor_net():
    """Eq. 6.5 per filter, with the gradient sign(w) / n that goes through it."""
    layer = built("xnor", KERNEL)
    np.testing.assert_allclose(layer.output_scale(), [0.25, 0.2875], rtol=1e-6)

    with tf.GradientTape() as tape:
        scale = layer.output_scale()
    found = tape.gradient(scale, layer.kernel).numpy()[0, 0].T
    np.testing.assert_allclose(found[0], np.sign(KERNEL[0]) / 4)


@pytest.mark.parametrize("name", ["bireal", "reactnet"])
def test_the_scale_of_bireal_net_passes_no_gradient(name):
    layer = built(name, KERNEL)
    with tf.GradientTape() as tape:
        scale = layer.output_scale()
    np.testing.assert_allclose(scale, [0.25, 0.2875], rtol=1e-6)
    assert tape.gradient(scale, layer.kernel) is None


def test_who_learns_a_scale_per_channel():
    learned = {name for name in BINARIZATIONS if built(name).alpha is not None}
    assert learned == {"bireid", "rbcn_channel", "rbcn_block_channel"}
    layer = built("bireid")
    layer.alpha.assign([0.5, 2.0])
    np.testing.assert_array_equal(layer.output_scale(), [0.5, 2.0])


def test_irnet_standardises_each_filter_and_scales_by_powers_of_two():
    kernel = [[1.0, 2.0, 3.0, 6.0], [0.001, -0.001, 0.001, -0.001]]
    layer = built("irnet", kernel)

    filters = standardized(layer.kernel).numpy()[0, 0].T
    np.testing.assert_allclose(filters.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(filters.std(axis=1, ddof=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(
        layer.binary_kernel().numpy()[0, 0].T, [[-1, -1, 1, 1], [1, -1, 1, -1]]
    )
    expected = 2.0 ** np.round(np.log2(np.abs(filters).mean(axis=1)))
    np.testing.assert_array_equal(layer.output_scale(), expected)
    np.testing.assert_array_equal(expected, [0.5, 1.0])


def test_a_filter_of_equal_weights_is_standardised_to_zero():
    np.testing.assert_array_equal(standardized(tf.fill((1, 1, 4, 2), 0.3)), np.zeros((1, 1, 4, 2)))


@pytest.mark.parametrize(
    ("fraction", "sharpness", "factor"), [(0.0, 0.1, 10.0), (0.5, 1.0, 1.0), (1.0, 10.0, 1.0)]
)
def test_error_decay_estimator(fraction, sharpness, factor):
    """`k t (1 - tanh^2(t x))` with t from 0.1 to 10 and k = max(1 / t, 1)."""
    decay = ErrorDecay()
    decay.set_progress(fraction)
    points = np.array([-2.0, -0.1, 0.0, 0.3], np.float32)
    expected = factor * sharpness * (1 - np.tanh(sharpness * points) ** 2)
    np.testing.assert_allclose(gradient(decay, points), expected, rtol=1e-4, atol=1e-7)
    np.testing.assert_array_equal(decay(points), [-1, -1, 1, 1])


@pytest.mark.parametrize(
    ("name", "activation", "kernel"),
    [
        ("bireid", [0, 1, 2, 1, 0], [0, 1, 2, 1, 0]),
        ("xnor", [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]),
        ("bireal", [0, 1, 2, 1, 0], [1, 1, 1, 1, 1]),
        ("reactnet", [0, 1, 2, 1, 0], [1, 1, 1, 1, 1]),
    ],
)
def test_surrogates(name, activation, kernel):
    points = np.array([-1.0, -0.5, 0.0, 0.5, 1.0], np.float32)
    layer = built(name)
    np.testing.assert_allclose(gradient(layer.input_quantizer, points), activation)
    np.testing.assert_allclose(gradient(layer.kernel_quantizer, points), kernel)


@pytest.mark.parametrize("name", BINARIZATIONS)
def test_output_is_the_scale_times_a_convolution_of_signs(name):
    layer = built(name, KERNEL)
    images = np.random.default_rng(0).normal(size=(2, 3, 3, 4)).astype(np.float32)
    signs = np.where(images >= 0, 1.0, -1.0)
    expected = signs @ layer.binary_kernel().numpy()[0, 0] * layer.output_scale().numpy()
    np.testing.assert_allclose(layer(images), expected, rtol=1e-6)


def test_binary_activations_meet_real_kernels():
    layer = BinaryActivationConv2D(2, 1)
    layer.build((None, 3, 3, 4))
    layer.kernel.assign(np.asarray(KERNEL, np.float32).T.reshape(1, 1, 4, 2))
    images = np.random.default_rng(0).normal(size=(2, 3, 3, 4)).astype(np.float32)
    expected = np.where(images >= 0, 1.0, -1.0) @ np.asarray(KERNEL).T
    np.testing.assert_allclose(layer(images), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["bireid", "reactnet", "irnet"])
def test_second_stage_continues_the_first_one(name):
    """All variables of the first stage exist in the second; alpha is all that the second adds."""
    first, second = (
        small_network(name, precision).model for precision in ("binary_activations", "binary")
    )
    assert not binary_layers(first)
    added = {each.name: each.shape for each in second.variables}
    for variable in first.variables:
        assert added.pop(variable.name) == variable.shape
    assert all(each.endswith("_conv/alpha:0") for each in added)
    assert len(added) == (16 if name == "bireid" else 0)


def layer_names(binarization, start):
    model = small_network(binarization).model
    return [each.name.removeprefix(start) for each in model.layers if each.name.startswith(start)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bireid", ["conv", "bn", "add", "prelu"]),
        ("bireal", ["conv", "bn", "add"]),
        ("reactnet", ["sign_shift", "conv", "bn", "add", "shift_in", "prelu", "shift_out"]),
        ("irnet", ["conv", "bn", "add", "hard_tanh"]),
    ],
)
def test_units(name, expected):
    assert layer_names(name, "stage1_unit2_") == expected


def test_xnor_net_has_the_shortcuts_of_resnet():
    assert layer_names("xnor", "stage2_unit1_") == ["input_bn", "conv"]
    assert sorted(layer_names("xnor", "stage2_unit2_")) == sorted(
        ["input_bn", "conv", "downsample_pool", "downsample_conv", "downsample_bn", "add"]
    )
    add = small_network("xnor").model.get_layer("stage1_unit2_add")
    sources = [layer.name for layer in add.inbound_nodes[0].inbound_layers]
    assert sources == ["stage1_unit2_conv", "stem_pool_bn"]


@pytest.mark.parametrize("name", ["xnor", "reactnet"])
def test_a_real_valued_network_has_one_prelu_per_convolution(name):
    model = small_network(name, "real").model
    prelus = [each for each in model.layers if isinstance(each, keras.layers.PReLU)]
    assert len(prelus) == 16
    assert not binary_layers(model)


def test_progress_reaches_every_layer_of_irnet():
    network = small_network("irnet")
    network.set_progress(1.0)
    points = np.array([-0.3, 0.0, 0.2], np.float32)
    expected = 10 * (1 - np.tanh(10 * points) ** 2)
    layers = binary_layers(network.model)
    assert len(layers) == 16
    for layer in layers:
        np.testing.assert_allclose(gradient(layer.input_quantizer, points), expected, rtol=1e-4)


def test_progress_narrows_the_gradient_of_kernels():
    layer = built("irnet", KERNEL)

    def slopes(fraction):
        layer.set_progress(fraction)
        with tf.GradientTape() as tape:
            signs = layer.binary_kernel()[0, 0, 0, 0]
        return tape.gradient(signs, layer.kernel).numpy()

    early, late = slopes(0.0), slopes(1.0)
    assert np.abs(late).max() < np.abs(early).max()


def test_progress_changes_the_gradient_of_a_compiled_step():
    network = small_network("irnet")
    images = tf.random.stateless_normal((2, 64, 32, 3), (0, 1))
    kernel = network.model.get_layer("stage4_unit4_conv").kernel

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(network.model(images, training=True)[:, :5])
        return tape.gradient(loss, kernel)

    network.set_progress(0.1)
    before = step().numpy()
    network.set_progress(0.9)
    assert np.abs(step().numpy() - before).max() > 0


def test_binary_weights_meet_real_activations():
    layer = BinaryWeightConv2D(2, 1, binarization=BINARIZATIONS["xnor"])
    layer.build((None, 3, 3, 4))
    layer.kernel.assign(np.asarray(KERNEL, np.float32).T.reshape(1, 1, 4, 2))
    images = np.random.default_rng(0).normal(size=(2, 3, 3, 4)).astype(np.float32)
    signs = np.where(np.asarray(KERNEL) >= 0, 1.0, -1.0).T
    expected = images @ signs * [0.25, 0.2875]
    np.testing.assert_allclose(layer(images), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer.deployed_kernel()[0, 0], signs * [0.25, 0.2875], rtol=1e-6)


def test_a_network_of_binary_weights_is_the_real_one_with_two_values_per_channel():
    network = small_network("bireid", "binary_weights")
    assert not binary_layers(network.model)
    assert len(latent_layers(network.model)) == 16
    rng = np.random.default_rng(0)
    for layer in latent_layers(network.model):
        layer.alpha.assign(rng.uniform(0.02, 0.2, layer.filters).astype(np.float32))
    plain = deployable(network)
    assert plain.config == dataclasses.replace(network.config, precision="real")
    images = np.random.default_rng(0).normal(size=(2, 64, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(plain.model(images), network.model(images), atol=1e-5)
    for layer in latent_layers(network.model):
        sizes = np.abs(plain.model.get_layer(layer.name).kernel.numpy()).reshape(-1, layer.filters)
        assert np.all(sizes == sizes[0])
    names = {each.name for each in small_network("bireid", "real").model.layers}
    assert {each.name for each in network.model.layers} == names


def test_a_matrix_is_no_scale_of_binary_weights():
    with pytest.raises(ValueError, match="binary_weights needs one number per channel, and 'rbcn'"):
        NetworkConfig(precision="binary_weights", binarization="rbcn")

"""A binarization of one's own, with its own functions, is one line in BINARIZATIONS."""

import numpy as np
import pytest
from bireid_models.binarizations import BINARIZATIONS, Binarization
from bireid_models.config import NetworkConfig
from bireid_models.framework import keras, larq, tf
from bireid_models.layers import binary_layers
from bireid_models.network import build_network


class Fading:
    """Sign with a constant gradient that falls from 3 to 1."""

    def __init__(self):
        self.slope = tf.Variable(3.0, trainable=False)

    def set_progress(self, fraction):
        self.slope.assign(3.0 - 2.0 * fraction)

    def __call__(self, x):
        @tf.custom_gradient
        def quantize(values):
            return larq.math.sign(values), lambda upstream: upstream * self.slope

        return quantize(x)


def halved(kernel):
    return kernel / 2


def largest(kernel, alpha):
    return alpha * tf.reduce_max(tf.abs(kernel), axis=[0, 1, 2])


def leaky(x, name):
    return keras.layers.LeakyReLU(0.1, name=f"{name}_leaky")(x)


OWN = Binarization(
    scale=f"{__name__}:largest",
    learned_alpha=True,
    activation_surrogate=f"{__name__}:Fading",
    kernel_surrogate=f"{__name__}:Fading",
    kernel_preparation=f"{__name__}:halved",
    nonlinearity=f"{__name__}:leaky",
)


@pytest.fixture
def network(monkeypatch):
    monkeypatch.setitem(BINARIZATIONS, "own", OWN)
    config = NetworkConfig(binarization="own", input_height=64, input_width=32, width=0.125)
    return build_network(config)


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(2, 64, 32, 3)).astype(np.float32)


def test_its_functions_are_used(network, images):
    layer = binary_layers(network.model)[0]
    layer.alpha.assign(tf.fill(layer.alpha.shape, 3.0))
    kernel = layer.kernel.numpy()
    np.testing.assert_allclose(
        layer.output_scale(), 1.5 * np.abs(kernel).max(axis=(0, 1, 2)), rtol=1e-6
    )
    assert network.model.get_layer("stage1_unit1_leaky").input.shape[-1] == 8
    assert network.model(images).shape == (2, 64)


@pytest.mark.parametrize(("fraction", "slope"), [(0.0, 3.0), (1.0, 1.0)])
def test_its_gradients_follow_the_progress(network, fraction, slope):
    network.set_progress(fraction)
    for layer in binary_layers(network.model):
        points = tf.constant([-2.0, 0.0, 0.5])
        with tf.GradientTape() as tape:
            tape.watch(points)
            signs = layer.input_quantizer(points)
        np.testing.assert_allclose(tape.gradient(signs, points), np.full(3, slope))
        with tf.GradientTape() as tape:
            signs = layer.binary_kernel()
        np.testing.assert_allclose(
            tape.gradient(signs, layer.kernel), np.full(layer.kernel.shape, slope / 2)
        )


def test_it_learns(network, images):
    layers = binary_layers(network.model)
    variables = network.features.trainable_variables
    before = {variable.name: variable.numpy() for variable in variables}

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            features = network.features(images, training=True)
            loss = tf.reduce_sum(tf.sin(features["classifier_input"]))
        return tape.gradient(loss, variables)

    keras.optimizers.SGD(0.01).apply_gradients(zip(step(), variables, strict=True))
    # Batch normalisation takes out most of what alpha does, so not every one of them moves.
    changed = {
        variable.name
        for variable in variables
        if np.abs(variable.numpy() - before[variable.name]).max() > 0
    }
    assert changed >= {layer.kernel.name for layer in layers}
    assert changed & {layer.alpha.name for layer in layers}

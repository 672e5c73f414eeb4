"""Every loss term against central differences, in double precision.

The gradient of sign is a surrogate, so no difference quotient has it: the points where sign is
crossed are left out here, and the surrogate is held to its equation in
`test_faithfulness_equations.py`.
"""

import numpy as np
import pytest
from bireid_models.framework import keras, tf
from bireid_models.layers import BinaryConv2D

from bireid_deploy.tasks.reid.triplet import batch_hard_triplet_loss
from bireid_deploy.training.cross_entropy import smoothed_cross_entropy
from bireid_deploy.training.methods.adversarial import discriminators_loss
from bireid_deploy.training.methods.discriminator_section import DiscriminatorSection
from bireid_deploy.training.methods.feature_refining.game import FeatureRefining
from bireid_deploy.training.methods.feature_refining.section import (
    FeaturePair,
    FeatureRefiningSection,
)
from bireid_deploy.training.methods.kernel_refining.game import KernelRefining
from bireid_deploy.training.methods.kernel_refining.section import KernelRefiningSection

STEP = 1e-6
SMALL = DiscriminatorSection(widths=(6, 5))


@pytest.fixture(autouse=True)
def double_precision():
    keras.backend.set_floatx("float64")
    yield
    keras.backend.set_floatx("float32")


def require_gradient(loss, variable, directions=3):
    """Compare the gradient with difference quotients along random directions."""
    with tf.GradientTape() as tape:
        value = loss()
    assert value.dtype == tf.float64
    gradient = tape.gradient(value, variable).numpy()
    base, generator = variable.numpy(), np.random.default_rng(1)
    for _ in range(directions):
        direction = generator.normal(size=base.shape)
        values = []
        for shift in (STEP, -STEP):
            variable.assign(base + shift * direction)
            values.append(float(loss()))
        variable.assign(base)
        quotient = (values[0] - values[1]) / (2 * STEP)
        assert quotient == pytest.approx(np.sum(gradient * direction), rel=1e-5, abs=1e-8)


def _randomise(variables):
    """Biases are drawn too: at 0 they would hide a mistake."""
    generator = np.random.default_rng(2)
    for variable in variables:
        variable.assign(generator.normal(scale=0.5, size=variable.shape))


def _kernel_refining(**options):
    layer = BinaryConv2D(3, 2, name="conv")
    layer.build((None, 4, 4, 2))
    # Away from 0, where a step would cross the sign.
    generator = np.random.default_rng(3)
    signs = generator.choice([-1.0, 1.0], layer.kernel.shape)
    layer.kernel.assign(signs * generator.uniform(0.05, 0.6, layer.kernel.shape))
    layer.alpha.assign([0.2, 0.35, 0.5])
    refining = KernelRefining.build(
        [layer], KernelRefiningSection(discriminator=SMALL, mse_weight=0.7, **options)
    )
    _randomise(refining.adversaries)
    return layer, refining


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("which", ["kernel", "alpha"])
def test_kernel_mse(reduction, which):
    layer, refining = _kernel_refining(mse_reduction=reduction)
    require_gradient(refining.mse_loss, getattr(layer, which))


@pytest.mark.parametrize("saturating", [True, False])
def test_kernel_game_in_alpha(saturating):
    layer, refining = _kernel_refining(saturating=saturating)
    require_gradient(lambda: refining.adversarial_loss(refining.samples(0)), layer.alpha)


@pytest.mark.parametrize("saturating", [True, False])
def test_kernel_game_in_the_latent_kernel(saturating):
    """The path over the latent kernel itself; the one over its sign is cut on both sides."""
    layer, refining = _kernel_refining(saturating=saturating)

    def loss():
        ((latent, fake),) = refining.samples(0)
        return refining.adversarial_loss([(latent, tf.stop_gradient(fake))])

    require_gradient(loss, layer.kernel)


def test_ascent_of_the_kernel_discriminator():
    _, refining = _kernel_refining()
    for variable in refining.adversaries:
        require_gradient(
            lambda: discriminators_loss(refining.discriminators, refining.samples(0)), variable, 1
        )


def _feature_refining(**options):
    """A low-level map behind a binary convolution, with alpha and a real bias to differentiate."""
    image = keras.Input((4, 4, 3))
    signs = BinaryConv2D(6, 1, name="low_conv")(image)
    low = keras.layers.PReLU(shared_axes=[1, 2], alpha_initializer="ones")(signs)
    high = keras.layers.Conv2D(8, 2, strides=2, activation="tanh")(low)
    features = keras.Model(image, {"stage1": low, "stage4": high})
    features.get_layer("low_conv").alpha.assign(np.linspace(0.3, 0.9, 6))
    section = FeatureRefiningSection(
        pairs=(FeaturePair(low="stage1"),), discriminator=SMALL, mse_weight=0.7, **options
    )
    refining = FeatureRefining.build(features, section)
    _randomise(refining.adversaries)
    images = np.random.default_rng(4).normal(size=(3, 4, 4, 3))
    return features, refining, images


INPUTS = pytest.mark.parametrize(
    ("kind", "sampled"), [("positions", 0), ("positions", 5), ("gap", 0), ("flatten", 0)]
)


@INPUTS
@pytest.mark.parametrize("saturating", [True, False])
def test_feature_game_in_alpha(kind, sampled, saturating):
    features, refining, images = _feature_refining(
        discriminator_input=kind, sampled_positions=sampled, saturating=saturating
    )

    def loss():
        maps = features(images)
        samples = refining.samples(maps, refining.targets(maps), tf.constant([1, 2]))
        return refining.adversarial_loss(samples)

    require_gradient(loss, features.get_layer("low_conv").alpha)


@INPUTS
def test_ascent_of_the_feature_discriminator(kind, sampled):
    features, refining, images = _feature_refining(
        discriminator_input=kind, sampled_positions=sampled
    )
    maps = features(images)
    samples = refining.samples(maps, refining.targets(maps), tf.constant([1, 2]))
    for variable in refining.adversaries:
        require_gradient(lambda: discriminators_loss(refining.discriminators, samples), variable, 1)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_feature_mse_in_alpha_and_projection(reduction):
    """The target is held still for alpha, as the equations do, and the low map for W_1x1."""
    features, refining, images = _feature_refining(mse_reduction=reduction)
    maps = features(images)
    targets = refining.targets(maps)
    alpha = features.get_layer("low_conv").alpha
    require_gradient(lambda: refining.mse_loss(features(images), targets), alpha)
    (projection,) = refining.companions
    require_gradient(lambda: refining.mse_loss(maps, refining.targets(maps)), projection)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy(smoothing):
    logits = tf.Variable(np.random.default_rng(5).normal(size=(4, 5)))
    labels = np.array([0, 4, 2, 2], np.int32)
    require_gradient(lambda: smoothed_cross_entropy(logits, labels, smoothing), logits)


@pytest.mark.parametrize("margin", [0.3, 5.0, "soft"])
def test_batch_hard_triplet(margin):
    features = tf.Variable(np.random.default_rng(6).normal(size=(8, 5)))
    labels = np.repeat([0, 1, 2, 3], 2).astype(np.int32)
    require_gradient(lambda: batch_hard_triplet_loss(features, labels, margin), features)

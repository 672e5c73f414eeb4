"""The equations of BiRe-ID against worked numbers, finite differences and the printed gradients."""

import numpy as np
import pytest
from bireid_models.framework import keras, tf
from bireid_models.layers import BinaryConv2D

from bireid_deploy.tasks.reid.triplet import batch_hard_triplet_loss
from bireid_deploy.training.cross_entropy import smoothed_cross_entropy
from bireid_deploy.training.methods.adversarial import (
    discriminator_loss,
    discriminators_loss,
    generator_loss,
)
from bireid_deploy.training.methods.discriminator_section import DiscriminatorSection
from bireid_deploy.training.methods.discriminators import Discriminator
from bireid_deploy.training.methods.feature_refining.game import (
    FeatureRefining,
    HighToLow,
    feature_mse,
)
from bireid_deploy.training.methods.feature_refining.section import (
    FeaturePair,
    FeatureRefiningSection,
)
from bireid_deploy.training.methods.kernel_refining.game import KernelRefining, kernel_mse
from bireid_deploy.training.methods.kernel_refining.section import KernelRefiningSection
from bireid_deploy.training.optimizers import initialise_alphas

# Two filters of four weights, one filter per row.
FILTERS = np.array([[0.2, -0.4, 0.1, -0.3], [0.05, 0.5, -0.6, 0.0]], np.float32)
ALPHA = np.array([0.25, 0.3], np.float32)


def _layer():
    layer = BinaryConv2D(2, 1, name="conv")
    layer.build((None, 1, 1, 4))
    layer.kernel.assign(FILTERS.T.reshape(1, 1, 4, 2))
    layer.alpha.assign(ALPHA)
    return layer


def _signs(values):
    return np.where(values >= 0, 1.0, -1.0).astype(np.float32)


def test_kernel_mse_value_and_gradient_of_alpha():
    alpha = tf.Variable(ALPHA)
    with tf.GradientTape() as tape:
        loss = kernel_mse(FILTERS.T, _signs(FILTERS.T), alpha, weight=2.0)
    assert float(loss) == pytest.approx(0.3325, abs=1e-6)
    np.testing.assert_allclose(tape.gradient(loss, alpha), [0.0, 0.1], atol=1e-6)


def test_kernel_mse_draws_the_kernel_to_alpha():
    """Eq. 6.21 with sign(w) constant: lambda (w - alpha o sign(w))."""
    layer = _layer()
    refining = KernelRefining.build([layer], KernelRefiningSection(mse_weight=2.0))
    with tf.GradientTape() as tape:
        loss = refining.mse_loss()
    gradient = tape.gradient(loss, layer.kernel).numpy().reshape(4, 2).T
    np.testing.assert_allclose(
        gradient, 2.0 * (FILTERS - ALPHA[:, None] * _signs(FILTERS)), rtol=1e-5
    )
    assert float(loss) == pytest.approx(0.3325, abs=1e-6)


def test_total_kernel_mse_gradient_adds_the_path_through_the_sign():
    layer = _layer()
    refining = KernelRefining.build(
        [layer], KernelRefiningSection(mse_weight=2.0, mse_gradient="total")
    )
    with tf.GradientTape() as tape:
        loss = refining.mse_loss()
    gradient = tape.gradient(loss, layer.kernel).numpy().reshape(4, 2).T
    residual = FILTERS - ALPHA[:, None] * _signs(FILTERS)
    surrogate = 2 - 2 * np.abs(FILTERS)
    np.testing.assert_allclose(
        gradient, 2.0 * residual * (1 - ALPHA[:, None] * surrogate), rtol=1e-5, atol=1e-7
    )


def test_mean_abs_alpha_is_the_xnor_scale():
    layer = _layer()
    initialise_alphas([layer], "mean_abs", seed=0)
    np.testing.assert_allclose(layer.alpha, [0.25, 0.2875], rtol=1e-6)


def test_adversarial_terms_on_known_logits():
    real, fake = tf.constant([[2.0]]), tf.constant([[-1.0]])

    def probability(logit):
        return 1 / (1 + np.exp(-logit))

    expected = -(np.log(probability(2.0)) + np.log(1 - probability(-1.0)))
    assert float(discriminator_loss(real, fake)) == pytest.approx(expected, rel=1e-6)
    assert float(generator_loss(fake, saturating=True)) == pytest.approx(
        np.log(1 - probability(-1.0))
    )
    assert float(generator_loss(fake, saturating=False)) == pytest.approx(
        -np.log(probability(-1.0))
    )


def test_alpha_gradient_of_the_kernel_game_is_eq_6_28():
    """-1 / (1 - D) dD/d(alpha o bw) bw, summed over the filter; mean over filters."""
    layer = _layer()
    refining = KernelRefining.build([layer], KernelRefiningSection())
    (discriminator,) = refining.discriminators
    with tf.GradientTape() as tape:
        loss = refining.adversarial_loss(refining.samples(0))
    gradient = tape.gradient(loss, layer.alpha).numpy()
    fake = tf.constant(ALPHA[:, None] * _signs(FILTERS))
    with tf.GradientTape() as tape:
        tape.watch(fake)
        probability = tf.sigmoid(discriminator(fake))
    slope = tape.gradient(probability, fake).numpy()
    expected = (-1 / (1 - probability.numpy()) * slope * _signs(FILTERS)).sum(axis=1) / 2
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-7)


def test_filters_take_turns():
    """Three filters in turns of two: the second turn overlaps, and moves its own filters only."""
    layer = BinaryConv2D(3, 1, name="three")
    layer.build((None, 1, 1, 4))
    refining = KernelRefining.build([layer], KernelRefiningSection(filters_per_step=2))
    moved = []
    for step in range(3):
        with tf.GradientTape() as tape:
            loss = refining.adversarial_loss(refining.samples(tf.constant(step)))
        gradient = tape.gradient(loss, layer.alpha).numpy()
        moved.append(np.flatnonzero(gradient).tolist())
    assert moved == [[0, 1], [1, 2], [0, 1]]


def test_ascent_moves_discriminators_only_and_descent_the_kernels_only():
    layer = _layer()
    refining = KernelRefining.build([layer], KernelRefiningSection())
    with tf.GradientTape(persistent=True) as tape:
        ascent = discriminators_loss(refining.discriminators, refining.samples(0))
    assert all(each is not None for each in tape.gradient(ascent, refining.adversaries))
    assert tape.gradient(ascent, layer.kernel) is None
    assert tape.gradient(ascent, layer.alpha) is None


def test_discriminator_learns_to_tell_kernels_apart():
    layer = _layer()
    refining = KernelRefining.build([layer], KernelRefiningSection())
    optimizer = keras.optimizers.legacy.Adam(1e-2)
    losses = []
    for _ in range(60):
        with tf.GradientTape() as tape:
            loss = discriminators_loss(refining.discriminators, refining.samples(0))
        gradients = tape.gradient(loss, refining.adversaries)
        optimizer.apply_gradients(zip(gradients, refining.adversaries, strict=True))
        losses.append(float(loss))
    assert losses[0] == pytest.approx(2 * np.log(2), rel=0.05)
    assert losses[-1] < 0.1


def test_feature_mse_reductions():
    low, target = np.zeros((2, 1, 1, 2), np.float32), np.full((2, 1, 1, 2), 3.0, np.float32)
    assert float(feature_mse(low, target, 0.5, "mean")) == pytest.approx(0.25 * 9)
    assert float(feature_mse(low, target, 0.5, "sum")) == pytest.approx(0.25 * 18)


def test_high_level_map_is_resized_by_nearest_neighbour_and_gets_no_gradient():
    high = tf.Variable(np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1))
    project = HighToLow((None, 4, 4, 1), (None, 2, 2, 1), trainable=True, name="pair")
    project.projection.kernel.assign(np.ones((1, 1, 1, 1), np.float32))
    with tf.GradientTape() as tape:
        target = project(high)
        loss = tf.reduce_sum(target)
    np.testing.assert_allclose(
        target.numpy()[0, :, :, 0],
        [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]],
    )
    assert tape.gradient(loss, high) is None


def _pair(**options):
    image = keras.Input((4, 4, 3))
    low = keras.layers.Conv2D(6, 1)(image)
    high = keras.layers.Conv2D(8, 2, strides=2)(low)
    features = keras.Model(image, {"stage1": low, "stage4": high})
    section = FeatureRefiningSection(pairs=(FeaturePair(low="stage1"),), **options)
    return features, FeatureRefining.build(features, section)


@pytest.mark.parametrize("kind", ["positions", "gap", "flatten"])
@pytest.mark.parametrize("sampled", [0, 5])
def test_feature_game_reaches_the_low_map_only(kind, sampled):
    features, refining = _pair(discriminator_input=kind, sampled_positions=sampled)
    images = np.random.default_rng(0).normal(size=(3, 4, 4, 3)).astype(np.float32)
    seed = tf.constant([1, 2])
    low_weights, high_weights = features.trainable_variables[:2], features.trainable_variables[2:]
    with tf.GradientTape(persistent=True) as tape:
        maps = features(images)
        targets = refining.targets(maps)
        samples = refining.samples(maps, targets, seed)
        descent = refining.adversarial_loss(samples)
        ascent = discriminators_loss(refining.discriminators, samples)
        mse = refining.mse_loss(maps, targets)
    assert all(each is not None for each in tape.gradient(descent, low_weights))
    assert tape.gradient(descent, high_weights) == [None, None]
    assert tape.gradient(descent, refining.companions) == [None]
    assert tape.gradient(ascent, features.trainable_variables) == [None] * 4
    assert tape.gradient(mse, high_weights) == [None, None]
    assert tape.gradient(mse, refining.companions) != [None]


def test_fixed_projection_does_not_learn():
    _, refining = _pair(trainable_projection=False)
    assert refining.companions == []


def test_collapse_shows_as_vanishing_target_variance():
    features, refining = _pair()
    images = np.random.default_rng(0).normal(size=(3, 4, 4, 3)).astype(np.float32)
    targets = refining.targets(features(images))
    assert float(refining.target_variance(targets)) > 1e-4
    assert float(refining.target_variance([tf.ones_like(each) for each in targets])) == 0.0


def test_smoothed_cross_entropy_with_label_smoothing():
    logits, labels = np.array([[1.0, 2.0, 0.5]], np.float32), np.array([1], np.int32)
    log_probability = logits - np.log(np.exp(logits).sum())
    targets = np.full(3, 0.1 / 3)
    targets[1] += 0.9
    assert float(smoothed_cross_entropy(logits, labels, 0.1)) == pytest.approx(
        -(targets * log_probability).sum(), rel=1e-5
    )


@pytest.mark.parametrize("margin", [0.3, "soft"])
def test_batch_hard_triplet_against_loops(margin):
    generator = np.random.default_rng(3)
    features = generator.normal(size=(8, 5)).astype(np.float32)
    labels = np.repeat([0, 1, 2, 3], 2).astype(np.int32)
    losses = []
    for anchor in range(8):
        distance = np.sqrt(((features - features[anchor]) ** 2).sum(axis=1))
        same = labels == labels[anchor]
        gap = distance[same].max() - distance[~same].min()
        losses.append(np.log1p(np.exp(gap)) if margin == "soft" else max(0.0, margin + gap))
    actual = float(batch_hard_triplet_loss(features, labels, margin))
    assert actual == pytest.approx(np.mean(losses), rel=1e-4)


@pytest.mark.parametrize("name", ["kernel", "feature"])
def test_gradients_against_finite_differences(name):
    if name == "kernel":
        refining = KernelRefining.build([_layer()], KernelRefiningSection(mse_weight=0.7))
        variable = refining.layers[0].alpha

        def loss():
            return refining.adversarial_loss(refining.samples(0)) + refining.mse_loss()

    else:
        features, pair = _pair(sampled_positions=0, mse_weight=0.7)
        images = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype(np.float32)
        targets = [tf.constant(each) for each in pair.targets(features(images))]
        variable = features.trainable_variables[1]
        seed = tf.constant([0, 0])

        def loss():
            maps = features(images)
            samples = pair.samples(maps, targets, seed)
            return pair.adversarial_loss(samples) + pair.mse_loss(maps, targets)

    with tf.GradientTape() as tape:
        value = loss()
    gradient = tape.gradient(value, variable).numpy()
    base, step = variable.numpy(), 2e-3
    for index in range(len(base)):
        values = []
        for sign in (1, -1):
            shifted = base.copy()
            shifted[index] += sign * step
            variable.assign(shifted)
            values.append(float(loss()))
        assert (values[0] - values[1]) / (2 * step) == pytest.approx(
            gradient[index], rel=0.05, abs=2e-4
        )
    variable.assign(base)


def test_discriminator_blocks_have_the_stated_widths():
    shapes = [
        tuple(each.shape) for each in Discriminator(7, DiscriminatorSection(), "d").variables[::2]
    ]
    assert shapes == [(7, 128), (128, 256), (256, 128), (128, 1)]

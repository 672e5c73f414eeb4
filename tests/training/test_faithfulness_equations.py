"""The printed equations of BiRe-ID (6.3, 6.8 and 6.17-6.33), each worked out in NumPy."""

import numpy as np
import pytest
from bireid_models.framework import keras, tf
from bireid_models.layers import BinaryConv2D

from bireid_deploy.training.methods.adversarial import discriminators_loss
from bireid_deploy.training.methods.feature_refining.game import (
    FeatureRefining,
    HighToLow,
    collapsed_epoch,
)
from bireid_deploy.training.methods.feature_refining.section import (
    FeaturePair,
    FeatureRefiningSection,
)
from bireid_deploy.training.methods.kernel_refining.game import KernelRefining
from bireid_deploy.training.methods.kernel_refining.section import KernelRefiningSection

# The worked example: two filters of four weights, one filter per row.
FILTERS = np.array([[0.2, -0.4, 0.1, -0.3], [0.05, 0.5, -0.6, 0.0]])
ALPHA = np.array([0.25, 0.3])
SIGNS = np.where(FILTERS >= 0, 1.0, -1.0)

# Eq. 6.19 at -1, -0.5, 0, 0.5, 1 and beyond.
POINTS = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
SURROGATE = np.array([0.0, 0.0, 1.0, 2.0, 1.0, 0.0, 0.0])


@pytest.fixture(autouse=True)
def double_precision():
    keras.backend.set_floatx("float64")
    yield
    keras.backend.set_floatx("float32")


def _layer(filters=FILTERS, alpha=ALPHA):
    count, size = filters.shape
    layer = BinaryConv2D(count, 1, name="conv")
    layer.build((None, 1, 1, size))
    layer.kernel.assign(filters.T.reshape(1, 1, size, count))
    layer.alpha.assign(alpha)
    return layer


def _rows(kernel):
    """(1, 1, C, filters) to one filter per row."""
    return np.asarray(kernel)[0, 0].T


def _surrogate(x):
    return np.where(np.abs(x) < 1, 2 - 2 * np.abs(x), 0.0)


def _slopes(discriminator, rows):
    """D and dD/d(sample) of probabilities, one row per sample."""
    rows = tf.constant(rows)
    with tf.GradientTape() as tape:
        tape.watch(rows)
        probability = tf.sigmoid(discriminator(rows))
    return probability.numpy(), tape.gradient(probability, rows).numpy()


def test_sign_is_plus_one_at_zero():
    """Eq. 6.3, for kernels and for activations."""
    layer = _layer(np.array([[0.0, -1e-9, 1e-9, -3.0]]), np.ones(1))
    np.testing.assert_array_equal(_rows(layer.binary_kernel()), [[1, -1, 1, -1]])
    single = _layer(np.ones((1, 1)), np.ones(1))
    inputs = np.array([0.0, -1e-9, 1e-9, -3.0]).reshape(4, 1, 1, 1)
    np.testing.assert_array_equal(np.ravel(single(inputs)), [1, -1, 1, -1])


def test_forward_scales_the_integer_sum():
    """Eq. 6.8: alpha o (sign(a) (.) sign(w))."""
    inputs = np.random.default_rng(0).normal(size=(5, 1, 1, 4))
    sums = np.where(inputs[:, 0, 0] >= 0, 1, -1) @ SIGNS.T
    np.testing.assert_allclose(_layer()(inputs)[:, 0, 0], ALPHA * sums, rtol=1e-12)


def test_surrogate_of_kernels():
    """Eq. 6.19."""
    layer = _layer(POINTS[None], np.ones(1))
    with tf.GradientTape() as tape:
        signs = layer.binary_kernel()
    np.testing.assert_allclose(np.ravel(tape.gradient(signs, layer.kernel)), SURROGATE)


def _activation_surrogate(points):
    inputs = tf.constant(points.reshape(-1, 1, 1, 1))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = _layer(np.ones((1, 1)), np.ones(1))(inputs)
    return np.ravel(tape.gradient(outputs, inputs))


def test_surrogate_of_activations_has_the_area_of_the_step():
    """2 - 2|x|, whose integral is the height of the step from -1 to +1."""
    np.testing.assert_allclose(_activation_surrogate(POINTS), SURROGATE)
    grid = np.linspace(-1.5, 1.5, 3001)
    assert np.trapz(_activation_surrogate(grid), grid) == pytest.approx(2.0, abs=1e-6)


def test_task_gradient_of_the_kernel():
    """Eq. 6.18: dL/dw = dL/dbw o dbw/dw, with the scale of eq. 6.8 inside dL/dbw."""
    layer, generator = _layer(), np.random.default_rng(1)
    inputs, weights = generator.normal(size=(3, 1, 1, 4)), generator.normal(size=(3, 1, 1, 2))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weights * layer(inputs))
    signs = np.where(inputs[:, 0, 0] >= 0, 1.0, -1.0)
    of_binary = (ALPHA * weights[:, 0, 0]).T @ signs
    np.testing.assert_allclose(
        _rows(tape.gradient(loss, layer.kernel)), of_binary * _surrogate(FILTERS), rtol=1e-12
    )


def test_kernel_mse_of_the_worked_example():
    """Eq. 6.11: 0.3325; eq. 6.29: (0, 0.1); eq. 6.21 with sign(w) held."""
    layer = _layer()
    refining = KernelRefining.build([layer], KernelRefiningSection(mse_weight=2.0))
    with tf.GradientTape() as tape:
        loss = refining.mse_loss()
    of_kernel, of_alpha = tape.gradient(loss, [layer.kernel, layer.alpha])
    assert float(loss) == pytest.approx(0.3325, abs=1e-12)
    np.testing.assert_allclose(of_alpha, [0.0, 0.1], atol=1e-12)
    residual = FILTERS - ALPHA[:, None] * SIGNS
    np.testing.assert_allclose(of_alpha, -2.0 * (residual * SIGNS).sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(_rows(of_kernel), 2.0 * residual, atol=1e-12)


def test_kernel_game_moves_kernel_and_alpha():
    """Eq. 6.20 with its path through sign(w), and eq. 6.28; both are means over the filters."""
    layer = _layer()
    refining = KernelRefining.build([layer], KernelRefiningSection())
    (discriminator,) = refining.discriminators
    with tf.GradientTape() as tape:
        loss = refining.adversarial_loss(refining.samples(0))
    of_kernel, of_alpha = tape.gradient(loss, [layer.kernel, layer.alpha])

    real, real_slope = _slopes(discriminator, FILTERS)
    fake, fake_slope = _slopes(discriminator, ALPHA[:, None] * SIGNS)
    of_fake = -fake_slope / (1 - fake)
    value = np.mean(np.log(real)) + np.mean(np.log(1 - fake))
    assert float(loss) == pytest.approx(value, rel=1e-9)
    direct = real_slope / real
    through_sign = of_fake * ALPHA[:, None] * _surrogate(FILTERS)
    np.testing.assert_allclose(_rows(of_kernel), (direct + through_sign) / 2, rtol=1e-8)
    np.testing.assert_allclose(of_alpha, (of_fake * SIGNS).sum(axis=1) / 2, rtol=1e-8)


def _pair(**options):
    """A low-level map `alpha o signs` behind a binary convolution, and a high-level one."""
    image = keras.Input((4, 4, 3))
    low = BinaryConv2D(6, 1, name="low_conv")(image)
    high = keras.layers.Conv2D(8, 2, strides=2, name="high_conv")(low)
    features = keras.Model(image, {"stage1": low, "stage4": high})
    features.get_layer("low_conv").alpha.assign(np.linspace(0.3, 0.9, 6))
    section = FeatureRefiningSection(pairs=(FeaturePair(low="stage1"),), **options)
    return features, FeatureRefining.build(features, section)


IMAGES = np.random.default_rng(2).normal(size=(3, 4, 4, 3))


def test_target_is_the_projected_map_repeated():
    """Eq. 6.12: 1x1 convolution, then nearest neighbour."""
    project = HighToLow((None, 4, 4, 2), (None, 2, 2, 3), trainable=True, name="pair")
    high = np.random.default_rng(3).normal(size=(1, 2, 2, 3))
    weights = np.asarray(project.projection.kernel)[0, 0]
    expected = (high @ weights).repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(project(tf.constant(high)), expected, rtol=1e-12)


def test_feature_mse_moves_alpha_and_projection():
    """Eq. 6.31 for alpha; the 1x1 convolution is taught by the same residual, a_H by nothing."""
    features, refining = _pair(mse_weight=0.7)
    layer, high = features.get_layer("low_conv"), features.get_layer("high_conv")
    (projection,) = refining.companions
    with tf.GradientTape() as tape:
        maps = features(IMAGES)
        (target,) = targets = refining.targets(maps)
        loss = refining.mse_loss(maps, targets)
    of_alpha, of_projection, *of_high = tape.gradient(
        loss, [layer.alpha, projection, *high.trainable_variables]
    )
    low = np.asarray(maps["stage1"])
    residual = 0.7 * (low - np.asarray(target)) / low.size
    assert float(loss) == pytest.approx(0.35 * np.mean((low - np.asarray(target)) ** 2))
    signs = low / np.asarray(layer.alpha)
    np.testing.assert_allclose(of_alpha, (residual * signs).sum(axis=(0, 1, 2)), rtol=1e-9)
    repeated = np.asarray(maps["stage4"]).repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(
        np.asarray(of_projection)[0, 0], -np.einsum("nhwi,nhwo->io", repeated, residual), rtol=1e-9
    )
    assert of_high == [None, None]


def test_feature_game_moves_alpha_alone():
    """Eq. 6.30; neither the 1x1 convolution nor a_H gets a gradient."""
    features, refining = _pair(sampled_positions=0)
    layer, high = features.get_layer("low_conv"), features.get_layer("high_conv")
    (discriminator,) = refining.discriminators
    with tf.GradientTape() as tape:
        maps = features(IMAGES)
        samples = refining.samples(maps, refining.targets(maps), tf.constant([0, 0]))
        loss = refining.adversarial_loss(samples)
    of_alpha, *others = tape.gradient(
        loss, [layer.alpha, *refining.companions, *high.trainable_variables]
    )
    rows = np.asarray(maps["stage1"]).reshape(-1, 6)
    probability, slope = _slopes(discriminator, rows)
    of_low = -slope / (1 - probability) / len(rows)
    assert float(loss) == pytest.approx(np.mean(np.log(1 - probability)), rel=1e-9)
    np.testing.assert_allclose(
        of_alpha, (of_low * rows / np.asarray(layer.alpha)).sum(axis=0), rtol=1e-8
    )
    assert others == [None, None, None]


@pytest.mark.parametrize("name", ["kernel", "feature"])
def test_discriminators_ascend_the_game(name):
    """Their step raises log D(real) + log(1 - D(fake)), eq. 6.10 and 6.14."""
    if name == "kernel":
        refining = KernelRefining.build([_layer()], KernelRefiningSection())
        samples = refining.samples(0)
    else:
        features, refining = _pair(sampled_positions=0)
        maps = features(IMAGES)
        samples = refining.samples(maps, refining.targets(maps), tf.constant([0, 0]))
    ((real, fake),) = samples
    (discriminator,) = refining.discriminators

    def game():
        of_real, of_fake = (_slopes(discriminator, each.numpy())[0] for each in (real, fake))
        return np.mean(np.log(of_real)) + np.mean(np.log(1 - of_fake))

    with tf.GradientTape() as tape:
        loss = discriminators_loss(refining.discriminators, samples)
    before = game()
    assert float(loss) == pytest.approx(-before, rel=1e-9)
    variables = refining.adversaries
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_sub(0.1 * gradient)
    assert game() > before


def test_a_pair_without_common_content_collapses():
    """Maps that share nothing have their best match in a constant: MSE and variance vanish as one.

    a_L = s z with a scale s that learns, and a_H independent of z: the MSE alone is least at s = 0
    and W_1x1 = 0, where both maps say nothing.
    """
    generator = np.random.default_rng(5)
    noise, high = generator.normal(size=(32, 4, 4, 2)), generator.normal(size=(32, 2, 2, 3))
    inputs = [keras.Input((4, 4, 2)), keras.Input((2, 2, 3))]
    shapes = keras.Model(inputs, dict(zip(("stage1", "stage4"), inputs, strict=True)))
    section = FeatureRefiningSection(pairs=(FeaturePair(low="stage1"),), mse_weight=1.0)
    refining = FeatureRefining.build(shapes, section)
    scale = tf.Variable(1.0, dtype=tf.float64)
    variables = [scale, *refining.companions]
    history = []
    for _ in range(300):
        with tf.GradientTape() as tape:
            features = {"stage1": scale * noise, "stage4": tf.constant(high)}
            targets = refining.targets(features)
            loss = refining.mse_loss(features, targets)
        history.append(
            {
                "feature_mse": float(loss),
                "target_variance": float(refining.target_variance(targets)),
            }
        )
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(0.3 * gradient)
    first, last = history[0], history[-1]
    assert last["feature_mse"] < 1e-3 * first["feature_mse"]
    assert last["target_variance"] < 1e-3 * first["target_variance"]
    epoch = collapsed_epoch(history)
    assert epoch is not None
    assert history[epoch - 1]["target_variance"] < 1e-2 * first["target_variance"]
    assert history[epoch - 2]["target_variance"] >= 1e-2 * first["target_variance"]


def test_a_pair_that_keeps_its_variance_has_not_collapsed():
    history = [{"target_variance": value} for value in (0.5, 0.2, 0.4, 0.006)]
    assert collapsed_epoch(history) is None
    assert collapsed_epoch([*history, {"target_variance": 0.004}]) == 5
    assert collapsed_epoch([{"identity": 1.0}]) is None
    assert collapsed_epoch([]) is None

"""RBCN: its equations, who moves what, and runs that go on where they were interrupted."""

import numpy as np
import pytest
from bireid_models.binarizations import BINARIZATIONS
from bireid_models.framework import tf
from bireid_models.layers import BinaryConv2D

from bireid_deploy.errors import RecipeError
from bireid_deploy.training.methods.pruning.fista import (
    MaskMoves,
    proximal_l1,
    proximal_trimmed,
)
from bireid_deploy.training.methods.pruning.game import data_loss, output_discriminator_loss
from bireid_deploy.training.methods.rbcn.rectification import kernel_loss
from bireid_deploy.training.methods.rbcn_features.game import least_squares

FILTERS = np.array([[0.2, -0.4, 0.1, -0.3], [0.05, 0.5, -0.6, 0.0]], np.float32)
RBCN = {"rbcn": {"others_share": 0.5, "statistics_batches": 2}}


def _layer(kernel, matrix):
    kernel = np.asarray(kernel, np.float32)
    layer = BinaryConv2D(kernel.shape[0], 1, binarization=BINARIZATIONS["rbcn"])
    layer.build((None, 1, 1, kernel.shape[1]))
    layer.kernel.assign(kernel.T.reshape(1, 1, *kernel.T.shape))
    layer.matrix.assign(np.asarray(matrix, np.float32).reshape(1, 1, -1, 1))
    return layer


def _gradients(layer, gradient="total", weight=2.0):
    with tf.GradientTape() as tape:
        loss = kernel_loss(layer, weight, gradient)
    of_kernel, of_matrix = tape.gradient(loss, [layer.kernel, layer.matrix])
    return float(loss), of_kernel.numpy()[0, 0].T, of_matrix.numpy().ravel()


def test_the_kernel_loss_and_the_gradient_of_its_matrix():
    """Eq. 3.64 and 3.75, with a number of C for every weight of a filter."""
    matrix = np.array([0.1, 0.3, 0.2, 0.4], np.float32)
    signs = np.where(FILTERS >= 0, 1.0, -1.0)
    off = FILTERS - matrix * signs
    for gradient in ("total", "direct", "literal"):
        loss, _, of_matrix = _gradients(_layer(FILTERS, matrix), gradient)
        assert loss == pytest.approx((off**2).sum(), rel=1e-6)
        np.testing.assert_allclose(of_matrix, -2.0 * (off * signs).sum(axis=0), rtol=1e-5)


def test_the_gradients_of_the_kernel():
    """Eq. 3.71 through eq. 3.68, what is missing there, and their sum."""
    matrix = np.array([0.1, 0.3, 0.2, 0.4], np.float32)
    signs = np.where(FILTERS >= 0, 1.0, -1.0)
    off = FILTERS - matrix * signs
    literal = -2.0 * off * matrix * (2 - 2 * np.abs(FILTERS))
    names = ("total", "direct", "literal")
    found = {name: _gradients(_layer(FILTERS, matrix), name)[1] for name in names}
    np.testing.assert_allclose(found["literal"], literal, rtol=1e-5)
    np.testing.assert_allclose(found["direct"], 2.0 * off, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found["total"], literal + 2.0 * off, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("gradient", "reached"), [("literal", 0.08336), ("direct", 0.02), ("total", 0.02)]
)
def test_the_literal_step_drives_a_kernel_away_from_its_matrix(gradient, reached):
    layer = _layer([[0.05]], [0.02])

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            loss = kernel_loss(layer, 1.0, gradient)
        layer.kernel.assign_sub(0.05 * tape.gradient(loss, layer.kernel))

    for _ in range(400):
        step()
    assert layer.kernel.numpy().item() == pytest.approx(reached, abs=1e-4)


def test_the_gradient_of_a_matrix_against_finite_differences():
    """Of a loss behind the convolution, and the kernel loss."""
    layer = _layer(FILTERS, [0.1, 0.3, 0.2, 0.4])
    images = np.random.default_rng(0).normal(size=(3, 1, 1, 4)).astype(np.float32)

    def loss():
        return tf.reduce_sum(tf.sin(layer(images))) + kernel_loss(layer, 0.7, "total")

    with tf.GradientTape() as tape:
        value = loss()
    gradient, base = tape.gradient(value, layer.matrix).numpy(), layer.matrix.numpy()
    for index in range(4):
        moved = np.zeros_like(base)
        moved[0, 0, index, 0] = 2e-3
        layer.matrix.assign(base + moved)
        above = float(loss())
        layer.matrix.assign(base - moved)
        difference = (above - float(loss())) / 4e-3
        assert gradient[0, 0, index, 0] == pytest.approx(difference, abs=2e-3)


def test_the_losses_against_numpy():
    """Eq. 3.65 and 3.80; D on the output is held back by -log D(T), eq. 3.81."""
    generator = np.random.default_rng(0)
    real, fake = generator.normal(size=(2, 6, 1)).astype(np.float32)
    judged = [1 / (1 + np.exp(-each.astype(np.float64))) for each in (real, fake)]
    assert float(least_squares(fake)) == pytest.approx(np.mean((1 - judged[1]) ** 2), rel=1e-5)
    expected = -np.log(judged[0]).mean() - np.log(1 - judged[1]).mean() - np.log(judged[1]).mean()
    assert float(output_discriminator_loss(real, fake)) == pytest.approx(expected, rel=1e-5)
    one, two = generator.normal(size=(2, 4, 3)).astype(np.float32)
    expected = ((one - two) ** 2).sum() / (2 * 4)
    assert float(data_loss(one, two)) == pytest.approx(expected, rel=1e-5)


def test_masks_follow_fista():
    """Eq. 3.84-3.86 against NumPy, on a quadratic; the network holds y, the moves M."""
    aim = np.array([0.9, 0.05, 0.5, -0.2], np.float32)
    point = tf.Variable(np.ones(4, np.float32))
    moves = MaskMoves([point], rate=0.1, sparsity_weight=0.3, target=None)
    masks = previous = np.ones(4)
    momentum = 1.0
    for _ in range(60):
        ahead = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        extrapolated = masks + (momentum - 1) / ahead * (masks - previous)
        np.testing.assert_allclose(point, extrapolated, atol=1e-5)
        moves.move([point - aim])
        step = extrapolated - 0.1 * (extrapolated - aim)
        masks, previous, momentum = np.maximum(step - 0.03, 0), masks, ahead
    np.testing.assert_allclose(masks, np.maximum(aim - 0.3, 0), atol=0.02)
    moves.stand_still(True)
    np.testing.assert_allclose(point, masks, atol=1e-5)
    assert float(moves.masked_share()) == pytest.approx((masks == 0).mean())
    moves.move([np.ones(4, np.float32)])
    np.testing.assert_allclose(point, masks, atol=1e-5)


def test_the_trimmed_norm_takes_no_more_than_its_share():
    values = tf.constant([0.02, -0.5, 0.01, 0.4, -0.1, 0.03])
    np.testing.assert_allclose(
        proximal_trimmed(values, 0.05, 3), [0.02, 0, 0, 0.4, 0, 0.03], atol=1e-7
    )
    np.testing.assert_allclose(proximal_trimmed(values, 0.05, 1), [0.02, 0, 0.01, 0.4, 1e-3, 0.03])
    np.testing.assert_allclose(proximal_l1(values, 0.05), [0, 0, 0, 0.35, 0, 0], atol=1e-7)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"rbcn": {}, "network": {"binarization": "xnor"}}, "rbcn needs a learned C.*'rbcn'"),
        ({"rbcn": {}, "network": {"precision": "real"}}, "rbcn needs 1-bit kernels"),
        ({"rbcn_features": {}, "network": {"precision": "real"}}, "rbcn_features needs 1-bit"),
        ({"pruning": {}}, "pruning needs a 1-bit network with masks"),
    ],
)
def test_recipes_that_do_not_fit(plain_recipe, sections, message):
    with pytest.raises(RecipeError, match=message):
        plain_recipe(**sections)

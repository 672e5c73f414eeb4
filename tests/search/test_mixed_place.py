"""Top-k sample search against its equations, worked numbers and finite differences."""

import numpy as np
import pytest
from bireid_models.framework import keras, tf
from bireid_models.mixed_place import MixedPlace

ALPHA = np.array([0.3, 0.1, -0.2, 0.05])
RESULTS = np.array([[1, 2], [0.5, -1], [3, 1], [-1, 4]])
UPSTREAM = np.array([0.7, -0.3])


def constant(result):
    """A candidate that gives the same two numbers whatever it reads."""
    x = keras.Input((1, 1, 1))
    bias = keras.initializers.Constant(result)
    y = keras.layers.Conv2D(2, 1, kernel_initializer="zeros", bias_initializer=bias)(x)
    return keras.Model(x, y)


def place_of(unselected, top=2, alpha=ALPHA):
    place = MixedPlace([constant(each) for each in RESULTS], top, unselected)
    place(tf.ones((1, 1, 1, 1)))
    place.alpha.assign(alpha)
    return place


def result_and_gradient(place):
    def run():
        y = place(tf.ones((1, 1, 1, 1)))
        loss = tf.reduce_sum(y * UPSTREAM.astype(np.float32))
        # A tape would not watch what is not trainable.
        return y, tf.gradients(loss, place.alpha.handle)[0]

    y, gradient = tf.function(run, autograph=False)()
    return y.numpy().ravel(), gradient.numpy()


@pytest.mark.parametrize(
    ("unselected", "gradient"),
    [
        ("ones", [-0.084346, 0.071484, 0.005631, 0.007231]),
        ("zero", [-0.030369, 0.115677, -0.037350, -0.047958]),
    ],
)
def test_the_worked_example(unselected, gradient):
    place = place_of(unselected)
    assert place.chosen().numpy().tolist() == [1, 1, 0, 0]
    y, found = result_and_gradient(place)
    np.testing.assert_allclose(y, [1.5, 1.0], atol=1e-6)
    np.testing.assert_allclose(found, gradient, atol=1e-6)


@pytest.mark.parametrize(("unselected", "top"), [("ones", 1), ("ones", 3), ("zero", 2)])
def test_the_gradient_is_that_of_the_shares_by_finite_differences(unselected, top):
    place = place_of(unselected, top)
    chosen = place.chosen().numpy()
    others = 1.0 if unselected == "ones" else 0.0
    values = np.where(chosen, RESULTS @ UPSTREAM, others * UPSTREAM.sum())

    def loss(alpha):
        shares = np.exp(alpha) / np.exp(alpha).sum()
        return float(shares @ values)

    step = 1e-5
    expected = [
        (loss(ALPHA + step * unit) - loss(ALPHA - step * unit)) / (2 * step) for unit in np.eye(4)
    ]
    np.testing.assert_allclose(result_and_gradient(place)[1], expected, atol=1e-6)


def test_equal_alphas_are_decided_by_a_seeded_draw():
    def drawn(seed):
        keras.utils.set_random_seed(seed)
        return tuple(place_of("ones", 1, [0.1] * 4).chosen().numpy())

    first = [drawn(seed) for seed in range(4)]
    assert len(set(first)) > 1
    assert drawn(3) == first[3]

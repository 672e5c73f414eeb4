import numpy as np
import pytest
from bireid_models.framework import keras, tf
from bireid_models.layers import BinaryConv2D, UnitNormalize, binary_layers

SURROGATE_POINTS = np.array([-1.0, -0.5, 0.0, 0.5, 1.0], np.float32)


def _gradient_of_sign(quantizer, points):
    values = tf.constant(points)
    with tf.GradientTape() as tape:
        tape.watch(values)
        signs = quantizer(values)
    return tape.gradient(signs, values).numpy()


def _built(**options):
    layer = BinaryConv2D(8, 3, padding="same", **options)
    layer.build((None, 5, 5, 4))
    return layer


def test_activation_surrogate_is_bi_reals_polynomial():
    np.testing.assert_allclose(
        _gradient_of_sign(_built().input_quantizer, SURROGATE_POINTS), [0, 1, 2, 1, 0]
    )


@pytest.mark.parametrize(
    ("surrogate", "expected"), [("poly", [0, 1, 2, 1, 0]), ("clip", [1, 1, 1, 1, 1])]
)
def test_kernel_surrogate(surrogate, expected):
    quantizer = _built(kernel_surrogate=surrogate).kernel_quantizer
    np.testing.assert_allclose(_gradient_of_sign(quantizer, SURROGATE_POINTS), expected)
    np.testing.assert_allclose(_gradient_of_sign(quantizer, np.float32([-1.5, 1.5])), [0, 0])


def test_surrogate_has_area_two():
    points = np.linspace(-1.5, 1.5, 3001, dtype=np.float32)
    area = np.trapezoid if hasattr(np, "trapezoid") else np.trapz
    gradient = _gradient_of_sign(_built().kernel_quantizer, points)
    assert area(gradient, points) == pytest.approx(2.0, abs=1e-3)


def test_forward_is_alpha_times_the_convolution_of_signs():
    """Eq. 6.8, with sign(0) = +1 and ones outside the map."""
    layer = _built()
    generator = np.random.default_rng(0)
    layer.alpha.assign(generator.uniform(0.1, 1.0, 8).astype(np.float32))
    images = generator.normal(size=(2, 5, 5, 4)).astype(np.float32)
    images[0, 0, 0] = 0.0
    signs = np.where(images >= 0, 1.0, -1.0)
    kernel = np.where(layer.kernel.numpy() >= 0, 1.0, -1.0)
    padded = np.pad(signs, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=1.0)
    expected = np.zeros((2, 5, 5, 8))
    for row in range(3):
        for column in range(3):
            window = padded[:, row : row + 5, column : column + 5]
            expected += window @ kernel[row, column]
    np.testing.assert_allclose(layer(images), expected * layer.alpha.numpy(), rtol=1e-6)


def test_latent_kernel_is_clipped():
    layer = _built()
    clipped = layer.kernel.constraint(tf.constant([-3.0, 0.5, 2.0]))
    np.testing.assert_allclose(clipped, [-1.0, 0.5, 1.0])


def test_declaration_names_what_the_converter_must_find():
    image = keras.Input((9, 6, 16))
    model = keras.Model(image, BinaryConv2D(8, 3, strides=2, padding="same", name="conv")(image))
    (layer,) = binary_layers(model)
    declaration = layer.declaration()
    assert declaration.name == "conv"
    assert declaration.kernel_shape == (3, 3, 16, 8)
    assert declaration.strides == (2, 2)
    assert declaration.pad_value == 1.0
    assert declaration.input_shape == (9, 6, 16)
    assert declaration.output_shape == (5, 3, 8)


def test_unit_normalize():
    rows = UnitNormalize()(tf.constant([[3.0, 4.0], [0.0, 0.0]])).numpy()
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0.0, 0.0]], rtol=1e-6)

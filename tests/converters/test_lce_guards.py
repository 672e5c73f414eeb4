"""Defects of LCE 0.16: they are there, the guards catch them, the remedies are exact.

When `test_the_defect_is_there` fails, LCE has mended the defect and its guard can go.
"""

import numpy as np
import pytest
from bireid_converters.lce import check_convertible, export_lce
from bireid_models.framework import keras
from bireid_models.layers import BinaryConv2D
from bireid_runtime.errors import UnsupportedModelError


def padded_convolution(height, width, kernel, stride, padding, layer=keras.layers.Conv2D):
    image = keras.Input((height, width, 8), name="image")
    x = keras.layers.ZeroPadding2D(padding, name="border")(image)
    arguments = {"kernel_size": kernel, "strides": stride, "name": "stem"}
    if layer is keras.layers.Conv2D:
        arguments["filters"] = 8
    return keras.Model(image, layer(**arguments)(x))


def binary_convolution(height, width, kernel, stride=1, pad_values=0.0):
    image = keras.Input((height, width, 32), name="image")
    layer = BinaryConv2D(
        32, kernel, strides=stride, padding="same", pad_values=pad_values, name="deep"
    )
    return keras.Model(image, layer(image))


WRONG = [
    pytest.param(padded_convolution, (16, 16, 7, 2, 3), id="7x7/2 padded by 3"),
    pytest.param(padded_convolution, (16, 15, 3, 2, 1), id="one even axis is enough"),
    pytest.param(padded_convolution, (17, 17, 3, 3, 1), id="stride 3"),
    pytest.param(
        padded_convolution, (16, 16, 3, 2, 1, keras.layers.DepthwiseConv2D), id="depthwise"
    ),
    pytest.param(binary_convolution, (4, 2, 3), id="3x3 on 4x2"),
    pytest.param(binary_convolution, (2, 4, 3, 2), id="3x3/2 on 2x4"),
    pytest.param(binary_convolution, (4, 4, 5), id="5x5 on 4x4"),
]
RIGHT = [
    pytest.param(padded_convolution, (16, 16, 7, 2, ((3, 2), (3, 2))), id="remedy of 7x7/2"),
    pytest.param(padded_convolution, (16, 16, 3, 2, ((1, 0), (1, 0))), id="remedy of 3x3/2"),
    pytest.param(padded_convolution, (15, 15, 3, 2, 1), id="odd map"),
    pytest.param(padded_convolution, (16, 16, 3, 1, 1), id="stride 1"),
    pytest.param(padded_convolution, (16, 16, 5, 2, 1), id="smaller output"),
    pytest.param(binary_convolution, (4, 2, 3, 1, 1.0), id="remedy of 3x3 on 4x2"),
    pytest.param(binary_convolution, (4, 3, 3), id="3x3 on 4x3"),
    pytest.param(binary_convolution, (2, 2, 1), id="1x1 on 2x2"),
]


def difference(toys, flatbuffer, model):
    images = toys.signs_and_sizes((2, *model.input_shape[1:]))
    (expected,) = toys.keras_outputs(model, images).values()
    (actual,) = toys.lce_outputs(flatbuffer, images).values()
    return np.abs(expected - actual).max()


@pytest.mark.parametrize(("build", "arguments"), WRONG)
def test_the_defect_is_there(toys, build, arguments):
    import larq_compute_engine

    model = build(*arguments)
    assert difference(toys, larq_compute_engine.convert_keras_model(model), model) > 1


@pytest.mark.parametrize(("build", "arguments"), WRONG)
def test_the_guard_fires(build, arguments):
    with pytest.raises(UnsupportedModelError, match=r"^layer (stem|deep): LCE"):
        export_lce(build(*arguments))


@pytest.mark.parametrize(("build", "arguments"), RIGHT)
def test_what_passes_the_guards_is_exact(toys, build, arguments):
    model = build(*arguments)
    assert difference(toys, export_lce(model), model) < 1e-4


@pytest.mark.parametrize(
    ("size", "kernel", "padding", "remedy"),
    [(16, 7, 3, ((3, 2), (3, 2))), (16, 3, 1, ((1, 0), (1, 0)))],
)
def test_the_remedy_of_the_message_computes_the_same(toys, size, kernel, padding, remedy):
    model = padded_convolution(size, size, kernel, 2, padding)
    with pytest.raises(UnsupportedModelError) as caught:
        check_convertible(model)
    assert f"give border padding={remedy}" in str(caught.value)
    mended = padded_convolution(size, size, kernel, 2, remedy)
    mended.set_weights(model.get_weights())
    images = toys.signs_and_sizes((2, size, size, 8))
    np.testing.assert_allclose(mended(images), model(images), atol=1e-5)


def test_the_guards_look_into_nested_models():
    image = keras.Input((16, 16, 8), name="outer")
    nested = keras.Model(image, padded_convolution(16, 16, 3, 2, 1)(image))
    with pytest.raises(UnsupportedModelError, match="layer stem"):
        check_convertible(nested)

"""Keras against the LCE interpreter, one unit at a time."""

import numpy as np
import pytest


@pytest.mark.slow
@pytest.mark.parametrize(
    ("channels", "filters", "fixed"), [(8, 16, {}), (32, 32, {"nonlinearity": None})]
)
def test_every_unit_computes_what_keras_computes(toys, channels, filters, fixed):
    from bireid_converters.lce import export_lce

    model = toys.unit_model(channels, filters, **fixed)
    images = toys.signs_and_sizes((2, 8, 4, channels))
    expected = toys.keras_outputs(model, images)
    actual = toys.lce_outputs(export_lce(model), images)
    assert actual.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(actual[name], values, rtol=1e-5, atol=1e-4, err_msg=name)


@pytest.mark.slow
def test_the_signature_is_image_to_embedding(toys, small_lce):
    images = toys.signs_and_sizes((2, 64, 32, 3))
    (name,) = outputs = toys.lce_outputs(small_lce, images)
    assert name == "embedding"
    assert outputs["embedding"].shape == (2, 64)
    np.testing.assert_allclose(np.linalg.norm(outputs["embedding"], axis=1), 1, rtol=1e-5)

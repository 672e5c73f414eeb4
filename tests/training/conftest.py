"""Every test starts from the same random state."""

import pytest
from bireid_models.framework import keras


@pytest.fixture(autouse=True)
def seed():
    """Seed Python, NumPy and TensorFlow."""
    keras.utils.set_random_seed(0)

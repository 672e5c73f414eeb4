"""TensorFlow, Keras 2 and Larq, imported in the one order that works.

Every module of ours that needs TensorFlow takes it from here.
"""

import os

if os.environ.get("TF_USE_LEGACY_KERAS") != "1":
    raise ImportError(
        "bireid_models needs Keras 2: set TF_USE_LEGACY_KERAS=1 (it is "
        f"{os.environ.get('TF_USE_LEGACY_KERAS')!r}) before starting Python"
    )

import larq
import tensorflow as tf

keras = tf.keras

if not hasattr(keras.layers, "LocallyConnected1D"):
    raise ImportError(
        "tensorflow was imported with Keras 3 before bireid_models: import bireid_models first, or "
        "set TF_USE_LEGACY_KERAS=1 before starting Python"
    )

__all__ = ["keras", "larq", "tf"]

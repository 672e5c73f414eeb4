"""Larq/Keras networks for person re-identification.

Larq needs Keras 2. TensorFlow 2.16 and later bring it only as `tf_keras`, chosen by an environment
variable that must be set before the first `import tensorflow`; importing this package sets it.
TensorFlow itself is imported by `bireid_models.framework` alone, so that reading a configuration
stays cheap.
"""

import os

from bireid_models.config import NetworkConfig

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

__all__ = ["NetworkConfig"]

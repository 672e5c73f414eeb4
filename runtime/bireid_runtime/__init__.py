"""Person re-identification embeddings on the device, without TensorFlow."""

__version__ = "0.1.0"

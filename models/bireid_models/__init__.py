"""Larq/Keras networks for person re-identification."""

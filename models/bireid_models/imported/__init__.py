"""Architectures of others, built in Keras with the weights of a checkpoint."""

from bireid_models.imported.weights import Weights, WeightsError

__all__ = ["Weights", "WeightsError"]

"""Moving the shift of a maximum before the maximum, where a converter folds it away."""

import dataclasses

import numpy as np

from bireid_models.backbones.pointnet import AFTER_MAXIMUM, BEFORE_MAXIMUM
from bireid_models.framework import keras
from bireid_models.map_layers import ConstantShift
from bireid_models.network import Network, build_network


def fold_max_shift(network: Network) -> Network:
    """The same network for inference without anything between a maximum and the sign of it.

    `sign((max(x) - mu) / s + beta) = sign(max(x + beta s - mu))` for `s = sqrt(var + eps) > 0`: the
    batch normalisation before the maximum takes `beta s - mu` into its own beta. Behind it the
    maximum is one of bits.

    Args:
        network: Any network; its weights stay as they are.

    Returns:
        `network` itself if nothing stands there, otherwise one with the same signs everywhere, and
        `max_shift` "none" in its configuration.
    """
    names = {layer.name for layer in network.model.layers}
    if AFTER_MAXIMUM not in names:
        return network
    folded = build_network(dataclasses.replace(network.config, max_shift="none"))
    trained = {each.name: each for each in network.features.variables}
    for variable in folded.features.variables:
        variable.assign(trained[variable.name])
    before = folded.model.get_layer(BEFORE_MAXIMUM)
    shift = _shift(network.model.get_layer(AFTER_MAXIMUM))
    before.beta.assign(np.asarray(before.beta, np.float64) + shift)
    return folded


def _shift(layer: keras.layers.Layer) -> np.ndarray:
    """What a layer adds before a sign: float64 (C,), or () for all channels alike."""
    if isinstance(layer, ConstantShift):
        return np.asarray(layer.shift, np.float64)
    mean, variance, beta = (
        np.asarray(each, np.float64)
        for each in (layer.moving_mean, layer.moving_variance, layer.beta)
    )
    shift: np.ndarray = beta * np.sqrt(variance + layer.epsilon) - mean
    return shift

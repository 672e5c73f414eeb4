"""What a trained network loses on its way to a device: RBCN's matrices, latent weights, filters.

Each makes another network of a common kind with fewer numbers, so that no exporter knows of it.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from bireid_models.binarizations import BINARIZATIONS
from bireid_models.layers import binary_layers, latent_layers
from bireid_models.map_layers import ChannelMask
from bireid_models.network import Network, build_network
from bireid_models.pruned_filters import FilterCut, cut_filters


def deployable(network: Network, replaced: Mapping[str, np.ndarray] | None = None) -> Network:
    """The network for inference on a device, with the same weights where they are kept.

    Args:
        network: Any network; it stays as it is.
        replaced: Values that variables have in the deployed network alone, by variable name.

    Returns:
        `network` itself if there is nothing to do.

    Raises:
        ValueError: A replaced variable does not exist or has another shape.
    """
    if network.config.precision == "binary_weights":
        network = fold_signs(network)
    folded = fold_matrices(network)
    if replaced:
        folded = folded if folded is not network else _copy(network)
        variables = {each.name: each for each in folded.features.variables}
        for name, value in replaced.items():
            if name not in variables or tuple(variables[name].shape) != value.shape:
                raise ValueError(f"no variable {name!r} of the shape {value.shape} to replace")
            variables[name].assign(value)
    return remove_masked(folded)


def fold_signs(network: Network) -> Network:
    """A network of 1-bit kernels as a real-valued one whose kernels are +scale and -scale."""
    plain = build_network(dataclasses.replace(network.config, precision="real"))
    values: dict[str, Any] = {each.name: each for each in network.features.variables}
    for variable in plain.features.variables:
        variable.assign(values[variable.name])
    for layer in latent_layers(network.model):
        plain.model.get_layer(layer.name).kernel.assign(layer.deployed_kernel())
    return plain


def fold_matrices(network: Network) -> Network:
    """The network with the mean of each matrix C as the alpha of every channel, C* of RBCN.

    The batch normalisations behind have the statistics of C, which those of C* are only near; see
    `deployable` for how others come in.
    """
    deployed = BINARIZATIONS[network.config.binarization].deployed
    if network.config.precision != "binary" or deployed is None:
        return network
    folded = build_network(dataclasses.replace(network.config, binarization=deployed))
    copy_folded(network, folded)
    return folded


def copy_folded(network: Network, folded: Network) -> None:
    """Give the result of `fold_matrices` the present weights of the network it was made of."""
    trained = {each.name: each for each in network.features.variables}
    for variable in folded.features.variables:
        if variable.name in trained:
            variable.assign(trained[variable.name])
    rectified = {layer.name: layer for layer in binary_layers(network.model)}
    for layer in binary_layers(folded.model):
        layer.alpha.assign(rectified[layer.name].output_scale())


def remove_masked(network: Network) -> Network:
    """The network without its masks, and without the structures whose mask is zero.

    The numbers of the masks that are left go into the batch normalisation before them. A branch
    that is masked leaves its shortcut. A filter that is masked says +1 to the convolution behind,
    inside the map as in the padding around it, so what is left of that convolution owes a constant,
    which the mean of its batch normalisation takes. So the signs of the network stay what they are.
    """
    masks = [layer for layer in network.model.layers if isinstance(layer, ChannelMask)]
    if not network.config.masks:
        return network
    cuts, removed = [], []
    for layer in masks:
        mask = np.asarray(layer.mask)
        unit = layer.name.removesuffix("_mask")
        if layer.channels == 1 and layer.output_shape[-1] > 1:
            if mask[0] == 0:
                removed.append((unit, 0))
        elif (cut := cut_filters(network, layer)) is not None:
            cuts.append(cut)
    smaller_units = [cut for cut in cuts if len(cut.kept) < len(cut.silent)]
    pruned = [*removed, *((cut.unit, len(cut.kept)) for cut in smaller_units)]
    config = dataclasses.replace(network.config, masks=False, pruned=tuple(sorted(pruned)))
    smaller = build_network(config)
    _assign(smaller, _masked_values(network, masks), cuts)
    return smaller


def _masked_values(network: Network, masks: list[ChannelMask]) -> dict[str, np.ndarray]:
    """Every variable by name, the masks multiplied into the normalisation before them."""
    values = {each.name: np.asarray(each) for each in network.features.variables}
    for layer in masks:
        normalisation = network.model.get_layer(f"{layer.name.removesuffix('_mask')}_bn")
        for each in (normalisation.gamma, normalisation.beta):
            values[each.name] = values[each.name] * np.asarray(layer.mask)
    return values


def _assign(smaller: Network, values: dict[str, np.ndarray], cuts: list[FilterCut]) -> None:
    for cut in cuts:
        cut.apply(values)
    for variable in smaller.features.variables:
        variable.assign(values[variable.name])


def _copy(network: Network) -> Network:
    copied = build_network(network.config)
    values: dict[str, Any] = {each.name: each for each in network.features.variables}
    for variable in copied.features.variables:
        variable.assign(values[variable.name])
    return copied

"""Starting a network from a checkpoint of another project, such as one of ImageNet.

For a ResNet it is a start, not an equal: ours has no ReLU behind the stem, a PReLU for every ReLU,
a shortcut at every convolution, and averages where theirs strides in a 1x1 convolution. A
MobileNetV2 computes the same maps. Both must be trained on; before its first step the trainer
estimates the statistics of their batch normalisations on the new images.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from bireid_converters.checkpoints import read_checkpoint
from bireid_converters.checkpoints.families import find_family
from bireid_converters.checkpoints.families.light import MOBILENET_V2
from bireid_converters.checkpoints.families.resnets import RESNET
from bireid_converters.checkpoints.weights import weights_of
from bireid_models.framework import keras
from bireid_models.imported import Weights, WeightsError

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.foreign_layers import Pair
from bireid_deploy.training.foreign_mobilenet_v2 import mobilenet_v2_pairs
from bireid_deploy.training.foreign_resnet import resnet_pairs

Pairs = Callable[[Collection[str], Weights, str], Iterable[Pair]]

# By the architecture of a checkpoint; another architecture starts nothing.
STARTS: Mapping[str, Pairs] = {RESNET: resnet_pairs, MOBILENET_V2: mobilenet_v2_pairs}


def start_from_checkpoint(network: Any, path: Path) -> None:
    """Give the backbone of a real-valued network the weights of one of PyTorch.

    Stem, convolutions, those of the shortcuts that change the shape, and batch normalisations; what
    the other network has not (slopes, neck, classifier) stays fresh.

    Args:
        network: Built network; its variables are assigned.
        path: Checkpoint of a family that `import` knows as a ResNet or a MobileNetV2.

    Raises:
        TrainingError: The network is not real-valued, or none of that kind, depth and width.
        CheckpointError: The file is damaged or hostile.
        UnsupportedModelError: It is of no architecture that is known.
    """
    if network.config.precision != "real":
        raise TrainingError(
            f"{path}: a checkpoint of another project starts a real-valued network alone; train "
            "real_r18 or the like from it, and this one with --init THAT_RUN"
        )
    with read_checkpoint(path) as checkpoint:
        tensors = checkpoint.tensors
        family = find_family(list(tensors), None)
        pairs = STARTS.get(family.architecture)
        if pairs is None:
            raise TrainingError(
                f"{path}: no network here starts from {family.name}; a ResNet and a MobileNetV2 do"
            )
        layers = {layer.name: layer for layer in network.model.layers}
        weights, body = weights_of(tensors), family.options(tensors).get("body", "")
        try:
            _assign(layers, weights, pairs(layers, weights, body))
        except WeightsError as error:
            raise TrainingError(
                f"{path} does not fit {network.config.backbone} at width {network.config.width:g}: "
                f"{error}"
            ) from error


def _assign(layers: Mapping[str, Any], weights: Weights, pairs: Iterable[Pair]) -> None:
    # All are read before the first is assigned.
    found = [
        (layers[pair.layer], layers[pair.norm], *_read(weights, pair, layers[pair.layer]))
        for pair in pairs
    ]
    for layer, norm, kernel, statistics in found:
        _kernel_of(layer).assign(kernel)
        norm.set_weights(statistics)


def _read(weights: Weights, pair: Pair, layer: Any) -> tuple[np.ndarray, list[np.ndarray]]:
    """The kernel as Keras lays it out, and what its normalisation holds."""
    height, width, inputs, outputs = _kernel_of(layer).shape
    if _is_depthwise(layer):
        array = weights.array(f"{pair.key}.weight", (inputs, 1, height, width))
        kernel, channels = array.transpose(2, 3, 0, 1), inputs
    else:
        array = weights.array(f"{pair.key}.weight", (outputs, inputs, height, width))
        kernel, channels = array.transpose(2, 3, 1, 0), outputs
    names = ("weight", "bias", "running_mean", "running_var")
    vectors = [weights.vector(f"{pair.norm_key}.{name}", channels) for name in names]
    if (vectors[3] < 0).any():
        raise WeightsError(f"'{pair.norm_key}.running_var' is negative somewhere")
    return kernel, vectors


def _kernel_of(layer: Any) -> Any:
    return layer.depthwise_kernel if _is_depthwise(layer) else layer.kernel


def _is_depthwise(layer: Any) -> bool:
    return isinstance(layer, keras.layers.DepthwiseConv2D)

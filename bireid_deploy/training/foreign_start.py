"""Starting a ResNet from a checkpoint of another project, such as one of ImageNet.

It is a start, not an equal: ours has no ReLU behind the stem, a PReLU for every ReLU, a shortcut at
every convolution, and averages where theirs strides in a 1x1 convolution. So it must be trained on;
the statistics of its batch normalisations then become those of the new data.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bireid_converters.checkpoints import read_checkpoint
from bireid_converters.checkpoints.families import find_family
from bireid_converters.checkpoints.families.resnets import RESNET
from bireid_converters.checkpoints.weights import weights_of
from bireid_models.imported import Weights, WeightsError

from bireid_deploy.errors import TrainingError


def start_from_checkpoint(network: Any, path: Path) -> None:
    """Give the backbone of a real-valued ResNet the weights of a ResNet of PyTorch.

    Stem, convolutions, those of the shortcuts that change the shape, and batch normalisations; what
    the other network has not (slopes, neck, classifier) stays fresh.

    Args:
        network: Built network; its variables are assigned.
        path: Checkpoint of a family that `import` knows as a ResNet.

    Raises:
        TrainingError: The network is not real-valued, or no ResNet of that depth and width.
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
        if family.architecture != RESNET:
            raise TrainingError(f"{path}: {family.name} is no ResNet, the network to train is one")
        try:
            _assign(network, weights_of(tensors), family.options(tensors).get("body", ""))
        except WeightsError as error:
            raise TrainingError(
                f"{path} does not fit {network.config.backbone} at width {network.config.width:g}: "
                f"{error}"
            ) from error


def _assign(network: Any, weights: Weights, body: str) -> None:
    layers = {layer.name: layer for layer in network.model.layers}
    # All are read before the first is assigned.
    found = [
        (layers[conv], layers[norm], _read(weights, key, norm_key, layers[conv].kernel.shape))
        for conv, norm, key, norm_key in _pairs(layers, weights, body)
    ]
    for conv, norm, (kernel, *statistics) in found:
        conv.kernel.assign(kernel)
        norm.set_weights(statistics)


def _pairs(
    layers: dict[str, Any], weights: Weights, body: str
) -> Iterator[tuple[str, str, str, str]]:
    """Names of each convolution and its normalisation, here and there."""
    if "stem_conv" in layers:
        yield "stem_conv", "stem_bn", f"{body}conv1", f"{body}bn1"
    stage = 1
    while units := _stage(layers, stage):
        for block, names in enumerate(units):
            key = f"{body}layer{stage}.{block}"
            for number, name in enumerate(names, start=1):
                yield f"{name}_conv", f"{name}_bn", f"{key}.conv{number}", f"{key}.bn{number}"
                if f"{name}_downsample_conv" in layers:
                    short = f"{name}_downsample"
                    there = f"{key}.downsample"
                    yield f"{short}_conv", f"{short}_bn", f"{there}.0", f"{there}.1"
        if f"{body}layer{stage}.{len(units)}.conv1.weight" in weights:
            raise WeightsError(f"its layer{stage} has more than {len(units)} blocks")
        stage += 1


def _stage(layers: dict[str, Any], stage: int) -> list[list[str]]:
    """Names of the units of every block: bottlenecks have names, basic blocks have two units."""

    def numbered(prefix: str) -> list[str]:
        names = (f"{prefix}_unit{number}" for number in range(1, len(layers) + 1))
        return [name for name in names if f"{name}_conv" in layers]

    basic = numbered(f"stage{stage}")
    if basic:
        return [basic[first : first + 2] for first in range(0, len(basic), 2)]
    blocks = (numbered(f"stage{stage}_block{number}") for number in range(1, len(layers) + 1))
    return [block for block in blocks if block]


def _read(weights: Weights, key: str, norm: str, shape: Any) -> tuple[Any, ...]:
    height, width, inputs, outputs = shape
    kernel = weights.array(f"{key}.weight", (outputs, inputs, height, width))
    names = ("weight", "bias", "running_mean", "running_var")
    vectors = [weights.vector(f"{norm}.{name}", outputs) for name in names]
    if (vectors[3] < 0).any():
        raise WeightsError(f"'{norm}.running_var' is negative somewhere")
    return (kernel.transpose(2, 3, 1, 0), *vectors)

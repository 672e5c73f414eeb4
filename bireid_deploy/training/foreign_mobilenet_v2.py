"""Which layers of a MobileNetV2 here are which of a MobileNetV2 of PyTorch."""

from collections.abc import Collection, Iterator

from bireid_models.imported import Weights, WeightsError
from bireid_models.imported.mobile import mobilenet_v2_layers

from bireid_deploy.training.foreign_layers import Pair

_DEPTHWISE = "_depthwise"


def mobilenet_v2_pairs(layers: Collection[str], weights: Weights, body: str) -> Iterator[Pair]:
    """Names of each convolution and its normalisation, here and there.

    Args:
        layers: Names of all layers here, from input to output.
        weights: The checkpoint.
        body: Nothing: its keys have no prefix.

    Raises:
        WeightsError: A block of the checkpoint has another number of layers, or the network here
            is no MobileNetV2.
    """
    blocks = [name.removesuffix(_DEPTHWISE) for name in layers if name.endswith(_DEPTHWISE)]
    if not blocks:
        raise WeightsError("it is a MobileNetV2")
    yield Pair("stem_conv", "stem_bn", "features.0.0", "features.0.1")
    for index, block in enumerate(blocks, start=1):
        units = (f"{block}_expand", f"{block}{_DEPTHWISE}", f"{block}_project")
        here = [name for name in units if name in layers or f"{name}_conv" in layers]
        there = mobilenet_v2_layers(weights, f"features.{index}.conv")
        if len(here) != len(there):
            raise WeightsError(f"its block {index} has {len(there)} layers instead of {len(here)}")
        for name, (key, norm_key) in zip(here, there, strict=True):
            layer = name if name in layers else f"{name}_conv"
            yield Pair(layer, f"{name}_bn", key, norm_key)
    last = len(blocks) + 1
    yield Pair("stage4_last_conv", "stage4_last_bn", f"features.{last}.0", f"features.{last}.1")

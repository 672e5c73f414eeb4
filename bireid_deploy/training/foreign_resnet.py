"""Which layers of a ResNet here are which of a ResNet of PyTorch."""

from collections.abc import Collection, Iterator

from bireid_models.imported import Weights, WeightsError

from bireid_deploy.training.foreign_layers import Pair


def resnet_pairs(layers: Collection[str], weights: Weights, body: str) -> Iterator[Pair]:
    """Names of each convolution and its normalisation, here and there.

    Args:
        layers: Names of all layers here.
        weights: The checkpoint.
        body: Prefix of its keys, with its dot.

    Raises:
        WeightsError: It has more blocks.
    """
    if "stem_conv" in layers:
        yield Pair("stem_conv", "stem_bn", f"{body}conv1", f"{body}bn1")
    stage = 1
    while units := _stage(layers, stage):
        for block, names in enumerate(units):
            key = f"{body}layer{stage}.{block}"
            for number, name in enumerate(names, start=1):
                yield Pair(f"{name}_conv", f"{name}_bn", f"{key}.conv{number}", f"{key}.bn{number}")
                if f"{name}_downsample_conv" in layers:
                    short = f"{name}_downsample"
                    there = f"{key}.downsample"
                    yield Pair(f"{short}_conv", f"{short}_bn", f"{there}.0", f"{there}.1")
        if f"{body}layer{stage}.{len(units)}.conv1.weight" in weights:
            raise WeightsError(f"its layer{stage} has more than {len(units)} blocks")
        stage += 1


def _stage(layers: Collection[str], stage: int) -> list[list[str]]:
    """Names of the units of every block: bottlenecks have names, basic blocks have two units."""

    def numbered(prefix: str) -> list[str]:
        names = (f"{prefix}_unit{number}" for number in range(1, len(layers) + 1))
        return [name for name in names if f"{name}_conv" in layers]

    basic = numbered(f"stage{stage}")
    if basic:
        return [basic[first : first + 2] for first in range(0, len(basic), 2)]
    blocks = (numbered(f"stage{stage}_block{number}") for number in range(1, len(layers) + 1))
    return [block for block in blocks if block]

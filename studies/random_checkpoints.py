"""Write checkpoints of known networks with random weights, to see how fast their engines are.

    python studies/random_checkpoints.py FOLDER
    bireid-deploy import FOLDER/osnet_x0_25.safetensors -o FOLDER/osnet
    bireid-deploy bench FOLDER/osnet --against FOLDER/osnet/model.float.onnx

Speed does not depend on the weights. Keys are those of torchreid and torchvision, kernels are drawn
so that maps keep their size (He et al., ICCV 2015), and normalisations are nearly the identity.
"""

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

Shapes = Iterator[tuple[str, tuple[int, ...]]]

# Of every stage: expansion, channels, blocks. Sandler et al., CVPR 2018, table 2.
_MOBILENET = (
    (1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1),
)  # fmt: skip
_OSNET = (16, 64, 96, 128)
_FEATURES = 512
# Blocks of the stages of ResNet-50, He et al., CVPR 2016, table 1.
_RESNET = (3, 4, 6, 3)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def main(folder: Path) -> None:
    """Write the checkpoints to FOLDER."""
    from bireid_runtime.safetensors import write_safetensors

    folder.mkdir(parents=True, exist_ok=True)
    networks = {"osnet_x0_25": _osnet(), "mobilenet_v2": _mobilenet(), "resnet50": _resnet()}
    for name, shapes in networks.items():
        random = np.random.default_rng(0)
        arrays = {key: _draw(random, key, shape) for key, shape in shapes}
        path = folder / f"{name}.safetensors"
        path.write_bytes(write_safetensors(arrays))
        click.echo(str(path))


def _draw(random: np.random.Generator, key: str, shape: tuple[int, ...]) -> np.ndarray:
    if len(shape) > 1:
        values = random.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))
    elif key.endswith(("running_var", "weight")):
        values = random.uniform(0.8, 1.2, shape)
    else:
        values = random.normal(0, 0.1, shape)
    return values.astype(np.float32)


def _norm(key: str, channels: int) -> Shapes:
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{key}.{part}", (channels,)


def _osnet() -> Shapes:
    yield from _osnet_unit("conv1", _OSNET[0], 3, 7)
    inputs = _OSNET[0]
    for stage, outputs in zip((2, 3, 4), _OSNET[1:], strict=True):
        for block in (0, 1):
            yield from _osnet_block(f"conv{stage}.{block}", inputs, outputs)
            inputs = outputs
        if stage < 4:
            yield from _osnet_unit(f"conv{stage}.2.0", outputs, outputs)
    yield from _osnet_unit("conv5", inputs, inputs)
    yield "fc.0.weight", (_FEATURES, inputs)
    yield "fc.0.bias", (_FEATURES,)
    yield from _norm("fc.1", _FEATURES)


def _osnet_unit(key: str, outputs: int, inputs: int, kernel: int = 1) -> Shapes:
    yield f"{key}.conv.weight", (outputs, inputs, kernel, kernel)
    yield from _norm(f"{key}.bn", outputs)


def _osnet_block(key: str, inputs: int, outputs: int) -> Shapes:
    middle = outputs // 4
    yield from _osnet_unit(f"{key}.conv1", middle, inputs)
    for depth, branch in enumerate(("conv2a", "conv2b", "conv2c", "conv2d"), start=1):
        for index in range(depth):
            name = f"{key}.{branch}" if depth == 1 else f"{key}.{branch}.{index}"
            yield f"{name}.conv1.weight", (middle, middle, 1, 1)
            yield f"{name}.conv2.weight", (middle, 1, 3, 3)
            yield from _norm(f"{name}.bn", middle)
    reduced = max(middle // 16, 1)
    for name, shape in (("fc1", (reduced, middle)), ("fc2", (middle, reduced))):
        yield f"{key}.gate.{name}.weight", (*shape, 1, 1)
        yield f"{key}.gate.{name}.bias", (shape[0],)
    yield from _osnet_unit(f"{key}.conv3", outputs, middle)
    if inputs != outputs:
        yield from _osnet_unit(f"{key}.downsample", outputs, inputs)


def _mobilenet() -> Shapes:
    inputs = 32
    yield from _pair("features.0", 0, (inputs, 3, 3, 3))
    index = 1
    for expansion, outputs, blocks in _MOBILENET:
        for _ in range(blocks):
            middle = expansion * inputs
            key = f"features.{index}.conv"
            place = 0
            if expansion > 1:
                yield from _pair(f"{key}.{place}", 0, (middle, inputs, 1, 1))
                place += 1
            yield from _pair(f"{key}.{place}", 0, (middle, 1, 3, 3))
            yield from _pair(key, place + 1, (outputs, middle, 1, 1))
            inputs = outputs
            index += 1
    yield from _pair(f"features.{index}", 0, (1280, inputs, 1, 1))


def _resnet() -> Shapes:
    yield "conv1.weight", (64, 3, 7, 7)
    yield from _norm("bn1", 64)
    inputs = 64
    for stage, blocks in enumerate(_RESNET, start=1):
        middle = 32 * 2**stage
        for block in range(blocks):
            key = f"layer{stage}.{block}"
            ends = ((middle, inputs, 1), (middle, middle, 3), (4 * middle, middle, 1))
            for number, (outputs, taken, kernel) in enumerate(ends, start=1):
                yield f"{key}.conv{number}.weight", (outputs, taken, kernel, kernel)
                yield from _norm(f"{key}.bn{number}", outputs)
            if block == 0:
                yield from _pair(f"{key}.downsample", 0, (4 * middle, inputs, 1, 1))
            inputs = 4 * middle
    # A classifier, by which the kind of checkpoint is known.
    yield "classifier.weight", (2, inputs)
    yield "classifier.bias", (2,)


def _pair(key: str, first: int, shape: tuple[int, ...]) -> Shapes:
    """A convolution and, behind it in its sequence, a normalisation."""
    yield f"{key}.{first}.weight", shape
    yield from _norm(f"{key}.{first + 1}", shape[0])


if __name__ == "__main__":
    main()

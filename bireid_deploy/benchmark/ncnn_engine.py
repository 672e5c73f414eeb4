"""ncnn on a pair of files, `NET.param` and `NET.bin`, which pnnx makes of an ONNX file.

    pnnx float.onnx "inputshape=[1,256,128,3]" fp16=0     # float.ncnn.param, float.ncnn.bin

The pair does not say what it takes: its inputs get the sizes of the bundle's network. ncnn's maps
have their channels first; a graph that begins by turning them round takes them last.
"""

from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime.errors import UnsupportedModelError

from bireid_deploy.benchmark.declared_inputs import numbers
from bireid_deploy.benchmark.file_engines import Loaded

SUFFIX = ".param"
_WEIGHTS = ".bin"
_MAGIC = b"7767517"
_MAX_GRAPH = 2**22


def weights_of(path: Path) -> Path:
    """Where the weights lie that belong to a `.param` file."""
    return path.with_suffix(_WEIGHTS)


def load_ncnn(path: str, shape: tuple[int, ...], threads: int) -> Loaded:
    """Open a pair of files.

    Args:
        path: The `.param` file; the `.bin` of the same name lies beside it.
        shape: (H, W, C), or another shape, of the bundle's network.
        threads: Threads of one call.

    Raises:
        UnsupportedModelError: One of the files is missing or no such file, or ncnn lacks an
            operator.
    """
    layers = _layers(Path(path))
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_vulkan_compute = False
    if net.load_param(path) or net.load_model(str(weights_of(Path(path)))):
        raise UnsupportedModelError(f"{path}: ncnn cannot read it; make it by pnnx of this version")
    results = net.output_names()
    feeds = {
        name: numbers((1, *_taken(layers, name, shape)), np.dtype(np.float32))
        for name in net.input_names()
    }

    def run_one(item: dict[str, np.ndarray]) -> list[np.ndarray]:
        extractor = net.create_extractor()
        for name, values in item.items():
            extractor.input(name, ncnn.Mat(np.ascontiguousarray(values)))
        return [_computed(extractor, name, path) for name in results]

    def run(items: dict[str, np.ndarray]) -> list[np.ndarray]:
        # ncnn knows no batch.
        names, rows = items.keys(), zip(*items.values(), strict=True)
        each = [run_one(dict(zip(names, row, strict=True))) for row in rows]
        return [np.stack(output) for output in zip(*each, strict=True)]

    run(feeds)
    return Loaded(run, f"ncnn {ncnn.__version__}", feeds)


def _computed(extractor: Any, name: str, path: str) -> np.ndarray:
    failed, values = extractor.extract(name)
    if failed:
        raise UnsupportedModelError(f"{path}: ncnn cannot compute {name!r}")
    return np.array(values)


def _layers(path: Path) -> list[list[str]]:
    """The words of every layer's line: kind, name, numbers of inputs and outputs, their names."""
    if not weights_of(path).is_file():
        raise UnsupportedModelError(f"{path}: its weights, {weights_of(path).name}, are not there")
    with path.open("rb") as file:
        data = file.read(_MAX_GRAPH + 1)
    if len(data) > _MAX_GRAPH or data.split(b"\n", 1)[0].strip() != _MAGIC:
        raise UnsupportedModelError(f"{path}: no ncnn graph as text, which begins with 7767517")
    return [line.split() for line in data.decode("utf-8", "replace").splitlines()[2:]]


def _taken(layers: list[list[str]], name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """What an input takes: the network's shape, channels first unless the graph turns it."""
    if len(shape) != 3:
        return shape
    for kind, _, inputs, *rest in (line for line in layers if len(line) > 3):
        if inputs.isdecimal() and name in rest[1 : 1 + int(inputs)]:
            return shape if kind == "Permute" else (shape[2], *shape[:2])
    return shape

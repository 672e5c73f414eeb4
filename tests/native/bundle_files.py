"""Bundles of schema 2 for the tests of programs that read them without Python."""

import atexit
import hashlib
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from adapted_bundle import adapted_copy
from bireid_runtime import Bundle, CloudPreprocess, InputSpec, OutputSpec
from bireid_runtime.safetensors import write_safetensors
from golden_edit import edit_golden_outputs
from zoo import REID_BUNDLE

GOLDEN = "golden.safetensors"
_MODEL = "model.lce.tflite"


def golden_crops(bundle: Path) -> list[np.ndarray]:
    """Return the golden images of a bundle: uint8 (H, W, 3) each."""
    return list(Bundle.open(bundle).golden().inputs["image"])


def golden_outputs(bundle: Path, output: str) -> np.ndarray:
    """Return what the golden images give: float32 (N, D)."""
    return Bundle.open(bundle).golden().outputs[output]


def change_golden_outputs(bundle: Path, output: str, rows: np.ndarray) -> None:
    """Let a bundle promise other outputs, with all checksums right."""
    edit_golden_outputs(bundle, lambda outputs: {**outputs, output: rows})


@cache
def classifier_bundle() -> Path:
    """Return a bundle with the zoo's network without its last layer, as a classifier."""
    from ai_edge_litert import schema_py_generated as schema
    from flatbuffers import Builder

    source = REID_BUNDLE
    model = schema.ModelT.InitFromPackedBuf((source / _MODEL).read_bytes(), 0)
    graph = model.subgraphs[0]
    normalization = graph.operators.pop()
    graph.outputs = [normalization.inputs[0]]
    model.signatureDefs = None
    builder = Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    rows = golden_outputs(source, "embedding")
    manifest = json.loads((source / "manifest.json").read_text())
    classes = [f"class {index}" for index in range(rows.shape[1])]
    classes[0] = "größte"
    manifest["task"] = "classification"
    manifest["outputs"] = [
        {
            **{"name": "logits", "kind": "logits", "dtype": "float32"},
            **{"shape": [None, len(classes)], "classes": classes},
        }
    ]
    bundle = Path(_temporary_folder(), "classifier")
    bundle.mkdir()
    data = bytes(builder.Output())
    (bundle / _MODEL).write_bytes(data)
    manifest["files"] = {_MODEL: {"format": "lce", **_identity(data)}}
    # What the network gives without the normalisation is not known, only its direction.
    _write_golden(bundle, manifest, golden_crops(source), rows, {"max_abs": 1e6})
    return bundle


@cache
def detector_bundle() -> Path:
    """Return a bundle with the zoo's network up to its last map, as a detector of 252 classes."""
    from ai_edge_litert import schema_py_generated as schema
    from flatbuffers import Builder

    source = REID_BUNDLE
    model = schema.ModelT.InitFromPackedBuf((source / _MODEL).read_bytes(), 0)
    graph = model.subgraphs[0]
    codes = [code.builtinCode for code in model.operatorCodes]
    kinds = [codes[each.opcodeIndex] for each in graph.operators]
    pooling = kinds.index(schema.BuiltinOperator.MEAN)
    last = graph.operators[pooling].inputs[0]
    graph.operators, graph.outputs = graph.operators[:pooling], [last]
    model.signatureDefs = None
    builder = Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    _, rows, columns, channels = graph.tensors[last].shape.tolist()
    manifest = json.loads((source / "manifest.json").read_text())
    manifest["task"] = "detection"
    (taken,) = manifest["inputs"]
    taken["preprocess"]["fit"] = "letterbox"
    classes = [f"class {index}" for index in range(channels - 4)]
    classes[0] = "größte"
    decode = {"stride": taken["shape"][1] // rows, "score_threshold": 0.6}
    manifest["outputs"] = [
        {
            **{"name": "boxes", "kind": "boxes", "dtype": "float32", "classes": classes},
            **{"shape": [None, rows, columns, channels]},
            "decode": {**decode, "iou_threshold": 0.5, "max_boxes": 50},
        }
    ]
    bundle = Path(_temporary_folder(), "detector")
    bundle.mkdir()
    data = bytes(builder.Output())
    (bundle / _MODEL).write_bytes(data)
    manifest["files"] = {_MODEL: {"format": "lce", **_identity(data)}}
    # What the map holds is not known.
    crops = golden_crops(source)
    unknown = np.zeros((len(crops), rows, columns, channels), np.float32)
    _write_golden(bundle, manifest, crops, unknown, {"max_abs": 1e6})
    return bundle


TRACKER_SIDE = 64


@cache
def tracker_bundle() -> Path:
    """Return a bundle with one convolution of stride 8, as a tracker: it seeks colours."""
    stride, channels = 8, 6
    cells = TRACKER_SIDE // stride
    source = json.loads((REID_BUNDLE / "manifest.json").read_text())
    manifest = {**source, "task": "tracking"}
    (taken,) = manifest["inputs"]
    taken["shape"] = [None, TRACKER_SIDE, TRACKER_SIDE, 3]
    taken["preprocess"] |= {"height": TRACKER_SIDE, "width": TRACKER_SIDE}
    decode = {
        **{"stride": stride, "exemplar_first": 3, "exemplar_cells": 2},
        **{"search_first": 0, "search_cells": cells, "search_scale": 2.0, "context": 0.5},
        **{"scales": 3, "scale_step": 1.0375, "scale_penalty": 0.9745, "scale_rate": 0.59},
        **{"window_weight": 0.176, "upsampling": 16},
        **{"response_scale": 0.001, "response_bias": -0.5},
    }
    manifest["outputs"] = [
        {
            **{"name": "features", "kind": "correlation", "dtype": "float32"},
            **{"shape": [None, cells, cells, channels], "decode": decode},
        }
    ]
    bundle = Path(_temporary_folder(), "tracker")
    bundle.mkdir()
    data = _one_convolution(TRACKER_SIDE, stride, channels)
    (bundle / _MODEL).write_bytes(data)
    manifest["files"] = {_MODEL: {"format": "lce", **_identity(data)}}
    # What the map holds is not known.
    crops = golden_crops(REID_BUNDLE)
    unknown = np.zeros((len(crops), cells, cells, channels), np.float32)
    _write_golden(bundle, manifest, crops, unknown, {"max_abs": 1e6})
    return bundle


def moving_target(frames: int = 6) -> tuple[list[np.ndarray], tuple[int, int, int, int]]:
    """Frames uint8 (90, 120, 3) of a patch that moves, and its box in the first."""
    rng = np.random.default_rng(5)
    ground = rng.integers(60, 120, (90, 120, 3), dtype=np.uint8)
    patch = rng.integers(0, 256, (4, 3, 3), dtype=np.uint8).repeat(6, axis=0).repeat(6, axis=1)
    pictures = []
    for number in range(frames):
        picture = ground.copy()
        left, top = 30 + 3 * number, 40 - 2 * number
        picture[top : top + 24, left : left + 18] = patch
        pictures.append(picture)
    return pictures, (30, 40, 18, 24)


def _one_convolution(side: int, stride: int, channels: int) -> bytes:
    """A model with one convolution of random weights, as large as its stride."""
    from ai_edge_litert import schema_py_generated as schema
    from flatbuffers import Builder

    rng = np.random.default_rng(3)
    weights = rng.normal(0, 1, (channels, stride, stride, 3)).astype("<f4")
    constants = (weights, np.zeros(channels, "<f4"))
    shapes = [(1, side, side, 3), *(each.shape for each in constants)]
    shapes.append((1, side // stride, side // stride, channels))
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.subgraphs, model.buffers = 3, [graph], [schema.BufferT()]
    graph.tensors = []
    for index, shape in enumerate(shapes):
        tensor = schema.TensorT()
        tensor.shape, tensor.type = list(shape), schema.TensorType.FLOAT32
        tensor.name, tensor.buffer = f"tensor{index}", 0
        if 1 <= index <= len(constants):
            tensor.buffer = len(model.buffers)
            model.buffers.append(schema.BufferT())
            model.buffers[-1].data = np.frombuffer(constants[index - 1].tobytes(), np.uint8)
        graph.tensors.append(tensor)
    code, operator, options = schema.OperatorCodeT(), schema.OperatorT(), schema.Conv2DOptionsT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONV_2D
    code.version = 1
    options.padding = schema.Padding.VALID
    options.strideH = options.strideW = stride
    options.dilationHFactor = options.dilationWFactor = 1
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0, 1, 2], [3]
    operator.builtinOptionsType = schema.BuiltinOptions.Conv2DOptions
    operator.builtinOptions = options
    model.operatorCodes, graph.operators = [code], [operator]
    graph.inputs, graph.outputs = [0], [3]
    builder = Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _write_golden(
    bundle: Path,
    manifest: dict[str, Any],
    crops: list[np.ndarray],
    rows: np.ndarray,
    limits: dict[str, float],
) -> None:
    name = manifest["outputs"][0]["name"]
    tensors = {f"input/image/{index}": crop for index, crop in enumerate(crops)}
    tensors |= {f"output/{name}/{index}": row for index, row in enumerate(rows)}
    manifest["golden"] = {"items": len(crops), "source": "a test", "tolerances": {name: limits}}
    _write(bundle, manifest, write_safetensors(tensors))


def _write(bundle: Path, manifest: dict[str, Any], golden: bytes) -> None:
    (bundle / GOLDEN).write_bytes(golden)
    manifest["golden"] |= {"file": GOLDEN, **_identity(golden)}
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    names = sorted(path.name for path in bundle.iterdir() if path.name != "SHA256SUMS")
    sums = {name: hashlib.sha256((bundle / name).read_bytes()).hexdigest() for name in names}
    (bundle / "SHA256SUMS").write_text("".join(f"{sums[name]}  {name}\n" for name in names))


def _identity(data: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _temporary_folder() -> str:
    folder = tempfile.mkdtemp(prefix="bireid_bundle_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def adapted_bundle() -> Path:
    """Return the zoo's bundle adapted to two cameras: other numbers in its file, and centring."""
    return adapted_copy(REID_BUNDLE, Path(_temporary_folder(), "adapted"))


@cache
def points_bundle() -> Path:
    """Return a bundle with a random PointNet of 32 points and 3 classes."""
    from bireid_converters.card import CardFacts
    from bireid_converters.convert import convert
    from bireid_models.config import NetworkConfig
    from bireid_models.folding import fold_max_shift
    from bireid_models.framework import keras
    from bireid_models.network import build_network

    keras.utils.set_random_seed(0)
    shape = {"input_height": 32, "input_width": 1, "width": 0.125}
    network = build_network(
        NetworkConfig(backbone="pointnet", head="point_neck", max_shift="ema", **shape)
    )
    for layer in network.model.layers:
        # As a training leaves them: sums of signs of about unit variance.
        if isinstance(layer, keras.layers.BatchNormalization) and layer.name != "stage1_bn":
            inputs = network.model.get_layer(layer.name.replace("_bn", "_conv")).kernel.shape[2]
            layer.moving_variance.assign(np.full(layer.moving_variance.shape, inputs, np.float32))
    features = fold_max_shift(network).features
    logits = keras.layers.Dense(3, name="logits")(features.output["neck"])
    model = keras.Model(features.input, logits, name="bireid")
    bundle = Path(_temporary_folder(), "points")
    convert(
        SimpleNamespace(config=network.config, model=model),
        bundle,
        ["lce"],
        name="random",
        task="points",
        inputs=[InputSpec.points("points", CloudPreprocess(32))],
        outputs=[OutputSpec.logits("logits", ("größte", "class 1", "class 2"))],
        licences={"weights": "none", "training_data": "none"},
        card=CardFacts("other", (), "a point cloud", ""),
        verify=False,
    )
    return bundle


def some_clouds() -> list[np.ndarray]:
    """Return three clouds, of more points than 32, of fewer and of as many: float32 (M, 3)."""
    rng = np.random.default_rng(0)
    return [(rng.normal(size=(size, 3)) * 5 + 1).astype(np.float32) for size in (100, 7, 32)]

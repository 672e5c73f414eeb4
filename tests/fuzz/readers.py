"""Everything that reads what a stranger may have written, with a sound file to begin from."""

import hashlib
import json
import random
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime import Bundle, OutputSpec
from bireid_runtime.boxes import Decoding
from bireid_runtime.golden_decoded import DecodedGolden
from bireid_runtime.images import load_image
from bireid_runtime.matching import Matching
from fuzz.mutate import mutate_bytes, mutate_json
from zoo import REID_BUNDLE, TRACKER_BUNDLE

from bireid_deploy.data.clouds.ply import parse_ply
from bireid_deploy.data.item_files import read_items
from bireid_deploy.data.layouts.split_list import read_split_list
from bireid_deploy.data.said_by_others import SaidByOthers
from bireid_deploy.evaluation.embedding_file import NamedEmbeddings
from bireid_deploy.recipes import parse_recipe
from bireid_deploy.training.run_directory import RunDirectory
from bireid_deploy.training.run_settings import RunSettings
from bireid_deploy.training.teacher_cache import TeacherCache
from bireid_deploy.training.unfinished_cache import Chunk, UnfinishedCache

TORCH_FILES = Path(__file__).parents[1] / "converters" / "checkpoints"
EXPORTED = Path(__file__).parents[1] / "converters" / "exported"
Mutate = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True)
class Reader:
    """One reader.

    Attributes:
        sound: Makes a sound file, given a folder to work in.
        read: Reads a file; the folder is its to use.
        name: Name of the file.
        mutate: How the file is changed.
    """

    sound: Callable[[Path], bytes]
    read: Callable[[Path], object]
    name: str
    mutate: Mutate = mutate_bytes


def _bundle_file(name: str) -> Callable[[Path], bytes]:
    def sound(folder: Path) -> bytes:
        for path in REID_BUNDLE.iterdir():
            shutil.copy(path, folder)
        # A small model: it is hashed every time, and is not what is read here.
        (folder / "model.lce.tflite").write_bytes(b"model")
        (folder / "model.onnx").write_bytes(b"model")
        # Notes, which no reader looks into, are most of a manifest: they would get most changes.
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text(encoding="utf-8"))
        manifest |= {"parity": {}, "training": {}, "metrics": [], "binarisation": {}}
        path.write_text(json.dumps(manifest))
        make_hashes_valid(folder)
        return (folder / name).read_bytes()

    return sound


def make_hashes_valid(folder: Path) -> None:
    """As an attacker does, so that what lies behind the hashes is reached."""
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        others = [manifest["golden"], manifest["golden"].get("decoded")]
        for name, entry in (
            *manifest["files"].items(),
            *((each["file"], each) for each in others if each is not None),
        ):
            if {"sha256", "bytes"} <= entry.keys():
                data = (folder / name).read_bytes()
                entry.update(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
        path.write_text(json.dumps(manifest))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass  # Then the manifest is what is damaged.
    lines = [
        f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n"
        for each in sorted(folder.iterdir())
        if each.name != "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("".join(lines))


def _open_bundle(path: Path) -> None:
    make_hashes_valid(path.parent)
    opened = Bundle.open(path.parent)
    opened.golden()
    opened.golden_decoded()
    opened.read_adaptation()


_MAPS = (
    OutputSpec.boxes("boxes", (2, 2), ["person"], Decoding()),
    OutputSpec.correlation("features", (4, 4, 2), Matching(8, 1, 2, 0, 4)),
)


def _decoded(folder: Path) -> bytes:
    boxes = (np.zeros((0, 6), np.float32), np.ones((2, 6), np.float32))
    return DecodedGolden({"boxes": boxes, "features": (np.ones((1, 4), np.float32),)}).to_bytes()


def _read_decoded(path: Path) -> None:
    DecodedGolden.from_bytes(path.read_bytes(), 2, _MAPS, path.name)


def _checkpoint(folder: Path) -> bytes:
    state = {
        "epoch": 1,
        "batch": 0,
        "step": 2,
        "sums": {},
        "images": 0,
        "seconds": 0.0,
        "history": [{"total": 1.0}],
    }
    text = np.frombuffer(json.dumps(state).encode(), np.uint8)
    arrays = {"network/a:0": np.arange(6, dtype=np.float32).reshape(2, 3), "state.json": text}
    np.savez(folder / "sound.npz", **arrays)
    return (folder / "sound.npz").read_bytes()


def _read_checkpoint(path: Path) -> None:
    from bireid_deploy.training.checkpoint import array_names, read_arrays, read_state

    read_arrays(path, sorted(array_names(path)))
    read_state(path)


def _record(folder: Path) -> bytes:
    from bireid_deploy.recipes import load_recipe
    from bireid_deploy.recipes.files import RECIPES

    recipe = load_recipe(RECIPES / "bireid_r18.toml", ())
    record = {
        "schema_version": 1,
        "recipe": recipe.model_dump(mode="json"),
        "data": {"name": "people", "identities": 2},
        "initial": None,
        "teacher": {"run": "real", "checkpoint": "sha256:0"},
        "finished": True,
        "steps": 2,
        "history": [{"total": 1.0}],
    }
    return json.dumps(record).encode()


def _read_record(path: Path) -> None:
    record = RunDirectory(path.parent).read_record()
    parse_recipe(record["recipe"], str(path))


def _embeddings(suffix: str) -> Callable[[Path], bytes]:
    def sound(folder: Path) -> bytes:
        vectors = np.eye(3, 4, dtype=np.float32)
        path = folder / f"sound{suffix}"
        NamedEmbeddings(vectors, ("a", "b", "c"), "sha256:0").save(path)
        return path.read_bytes()

    return sound


def _teacher_cache(folder: Path) -> bytes:
    rows = np.ones((3, 2, 4), np.float16)
    TeacherCache(rows, ("a", "b", "c"), "somebody", rows).save(folder / "sound.npz")
    return (folder / "sound.npz").read_bytes()


def _unfinished_cache(folder: Path) -> bytes:
    path = folder / "cache.npz"
    rows = np.ones((3, 2, 4), np.float16)
    with UnfinishedCache(path, {"teacher": "net"}, 8, 4) as unfinished:
        unfinished.add(Chunk(4, (0, 1, 3), ((2, "broken"),), rows))
        unfinished.add(Chunk(8, (4, 5, 6), ((7, "broken"),), rows))
    return unfinished.path.read_bytes()


def _read_unfinished(path: Path) -> None:
    with UnfinishedCache(path.with_name("cache.npz"), {"teacher": "net"}, 8, 4):
        pass


def _said_by_others(folder: Path) -> bytes:
    rows = np.ones((3, 4), np.float32)
    np.savez(folder / "sound.npz", names=np.array(["a", "b", "c"]), features=rows, logits=rows)
    return (folder / "sound.npz").read_bytes()


def _npy(folder: Path) -> bytes:
    np.save(folder / "sound.npy", np.ones((5, 3), np.float32))
    return (folder / "sound.npy").read_bytes()


def _png(folder: Path) -> bytes:
    from PIL import Image

    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)).save(folder / "sound.png")
    return (folder / "sound.png").read_bytes()


_PLY = b"""ply
format ascii 1.0
element vertex 3
property float x
property float y
property float z
end_header
0 0 1
0 1 0
1 0 0
"""


def _smallest_model(folder: Path) -> bytes:
    return (TRACKER_BUNDLE / "model.lce.tflite").read_bytes()


def _small_onnx(folder: Path) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    kernel = numpy_helper.from_array(np.ones((2, 3, 1, 1), np.float32), "conv/kernel")
    nodes = [
        helper.make_node("Conv", ["x", "conv/kernel"], ["m"], kernel_shape=[1, 1]),
        helper.make_node("GlobalAveragePool", ["m"], ["p"]),
        helper.make_node("Flatten", ["p"], ["y"]),
    ]
    values = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 4, 4]),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 2]),
    ]
    graph = helper.make_graph(nodes, "graph", values[:1], values[1:], [kernel])
    opsets = [helper.make_opsetid("", 18)]
    data: bytes = helper.make_model(graph, opset_imports=opsets).SerializeToString()
    return data


def _audit_onnx(path: Path) -> None:
    from bireid_converters.audit import audit_onnx

    audit_onnx(path.read_bytes())


def _look_into_onnx(path: Path) -> None:
    from bireid_runtime.onnx_operators import require_known_operators

    require_known_operators(path.read_bytes(), path.name)


def _read_foreign_onnx(path: Path) -> None:
    from bireid_converters.foreign_onnx.read import read_onnx

    read_onnx(path.read_bytes(), path.name)


def _read_weights_beside(path: Path) -> None:
    from bireid_converters.foreign_onnx.external import with_weights

    with_weights(path.read_bytes(), EXPORTED, path.name)


def _audit_tflite(path: Path) -> None:
    from bireid_converters.audit import audit_tflite

    audit_tflite(path.read_bytes())


def _torch_file(name: str) -> Callable[[Path], bytes]:
    return lambda folder: (TORCH_FILES / name).read_bytes()


def _torch_pickle(folder: Path) -> bytes:
    with zipfile.ZipFile(TORCH_FILES / "training.pth") as archive:
        return archive.read("training/data.pkl")


def _read_torch_pickle(path: Path) -> None:
    """Within a sound zip file, whose checksums would hide what lies behind them."""
    around = path.with_suffix(".pth")
    with (
        zipfile.ZipFile(TORCH_FILES / "training.pth") as archive,
        zipfile.ZipFile(around, "w") as copy,
    ):
        for member in archive.infolist():
            program = member.filename == "training/data.pkl"
            data = path.read_bytes() if program else archive.read(member)
            copy.writestr(member.filename, data)
    _read_torch_file(around)


def _read_torch_file(path: Path) -> None:
    from bireid_converters.checkpoints import read_checkpoint

    with read_checkpoint(path) as checkpoint:
        for tensor in checkpoint.tensors.values():
            tensor.numpy()


_CONFIGURATION = b"""
INPUT: {SIZE_TEST: [256, 128], DO_FLIP: true}
MODEL:
  BACKBONE: {LAST_STRIDE: 1, WITH_IBN: false, NORM: BN}
  HEADS: {POOL_LAYER: GlobalAvgPool, WITH_BNNECK: true}
  PIXEL_MEAN: [123.675, 116.28, 103.53]
  PIXEL_STD: [58.395, 57.12, 57.375]
"""


@cache
def _fast_reid() -> Mapping[str, Any]:
    """The tensors that configurations are held against; their file stays open."""
    from bireid_converters.checkpoints import read_checkpoint

    return read_checkpoint(TORCH_FILES.parent / "imported" / "fast-reid.pth").__enter__().tensors


def _read_configuration(path: Path) -> None:
    from bireid_converters.checkpoints.configs import read_settings, what_it_says

    what_it_says(read_settings(path), "fast-reid", _fast_reid())


READERS = {
    "data.pkl of PyTorch": Reader(_torch_pickle, _read_torch_pickle, "data.pkl"),
    "legacy.pth": Reader(_torch_file("legacy.pth"), _read_torch_file, "net.pth"),
    "module.pth": Reader(_torch_file("module.pth"), _read_torch_file, "net.pth"),
    "state.safetensors": Reader(
        _torch_file("state.safetensors"), _read_torch_file, "net.safetensors"
    ),
    "config.yaml": Reader(lambda folder: _CONFIGURATION, _read_configuration, "config.yaml"),
    "manifest": Reader(_bundle_file("manifest.json"), _open_bundle, "manifest.json", mutate_json),
    "golden": Reader(_bundle_file("golden.safetensors"), _open_bundle, "golden.safetensors"),
    "decoded golden": Reader(_decoded, _read_decoded, "golden_decoded.safetensors"),
    "checkpoint": Reader(_checkpoint, _read_checkpoint, "checkpoint.npz"),
    "record": Reader(_record, _read_record, "run.json", mutate_json),
    "settings": Reader(
        lambda folder: b'{"data": "/x", "layout": "auto", "teacher": null}',
        lambda path: RunSettings.read(RunDirectory(path.parent)),
        "settings.json",
        mutate_json,
    ),
    "embeddings.npz": Reader(_embeddings(".npz"), NamedEmbeddings.load, "e.npz"),
    "embeddings.jsonl": Reader(_embeddings(".jsonl"), NamedEmbeddings.load, "e.jsonl"),
    "teacher.npz": Reader(_teacher_cache, TeacherCache.load, "teacher.npz"),
    "unfinished cache": Reader(_unfinished_cache, _read_unfinished, "cache.npz.unfinished"),
    "features.npz": Reader(_said_by_others, SaidByOthers.load, "features.npz"),
    "cloud.npy": Reader(_npy, lambda path: list(read_items(path)), "cloud.npy"),
    "cloud.ply": Reader(
        lambda folder: _PLY, lambda path: parse_ply(path.read_bytes(), str(path)), "cloud.ply"
    ),
    "image": Reader(_png, load_image, "image.png"),
    "split": Reader(
        lambda folder: b"person,split\na,train\nb,test\n",
        lambda path: read_split_list(path, ["a", "b"]),
        "split.csv",
    ),
    "inspect .onnx": Reader(_small_onnx, _audit_onnx, "model.onnx"),
    "operators of .onnx": Reader(_small_onnx, _look_into_onnx, "model.onnx"),
    "import .onnx": Reader(_small_onnx, _read_foreign_onnx, "net.onnx"),
    "import .onnx with Expand": Reader(
        lambda folder: (EXPORTED / "script.onnx").read_bytes(), _read_foreign_onnx, "net.onnx"
    ),
    "import .onnx with weights beside": Reader(
        lambda folder: (EXPORTED / "dynamo.onnx").read_bytes(), _read_weights_beside, "net.onnx"
    ),
    "inspect .tflite": Reader(_smallest_model, _audit_tflite, "model.tflite"),
}

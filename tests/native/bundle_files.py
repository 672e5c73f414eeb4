"""Bundles of schema 2 for the tests of programs that read them without Python."""

import atexit
import hashlib
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

ZOO = Path(__file__).parents[2] / "models" / "zoo"
ZOO_BUNDLE = ZOO / "distilled_r18_half-synthetic-128x64-256d-v1"
GOLDEN = "golden.safetensors"
_MODEL = "model.lce.tflite"
_TYPES: dict[str, type] = {"U8": np.uint8, "F32": np.float32}


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Read the tensors of a file by name."""
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(
            data[begin + entry["data_offsets"][0] : begin + entry["data_offsets"][1]],
            _TYPES[entry["dtype"]],
        ).reshape(entry["shape"])
        for name, entry in header.items()
    }


def safetensors(tensors: dict[str, np.ndarray]) -> bytes:
    """Return the bytes of a file of tensors, uint8 or float32."""
    header: dict[str, Any] = {}
    parts = []
    for name, array in tensors.items():
        kind = next(name for name, dtype in _TYPES.items() if array.dtype == dtype)
        begin = sum(map(len, parts))
        parts.append(array.tobytes())
        offsets = [begin, begin + len(parts[-1])]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": offsets}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(parts)


def golden_crops(bundle: Path) -> list[np.ndarray]:
    """Return the golden images of a bundle: uint8 (H, W, 3) each."""
    return _golden(bundle, "input/image")


def golden_outputs(bundle: Path, output: str) -> np.ndarray:
    """Return what the golden images give: float32 (N, D)."""
    return np.stack(_golden(bundle, f"output/{output}"))


def change_golden_outputs(bundle: Path, output: str, rows: np.ndarray) -> None:
    """Let a bundle promise other outputs, with all checksums right."""
    tensors = read_safetensors(bundle / GOLDEN)
    tensors |= {f"output/{output}/{index}": row for index, row in enumerate(rows)}
    manifest = json.loads((bundle / "manifest.json").read_text())
    _write(bundle, manifest, safetensors(tensors))


@cache
def reid_bundle() -> Path:
    """Return the bundle of models/zoo, as schema 2 whichever it has."""
    manifest = json.loads((ZOO_BUNDLE / "manifest.json").read_text())
    if manifest["schema_version"] == 2:
        return ZOO_BUNDLE
    with np.load(ZOO_BUNDLE / "golden.npz", allow_pickle=False) as stored:
        arrays = dict(stored)
    rows = arrays.pop("embeddings")
    limits = {name: float(arrays.pop(name)) for name in ("max_abs", "min_cosine")}
    output = {
        **{"name": "embedding", "kind": "embedding", "dtype": "float32"},
        **{"shape": [None, rows.shape[1]], "metric": "cosine", "normalized": True},
    }
    crops = [arrays[f"crop_{index}"] for index in range(len(rows))]
    bundle = Path(_temporary_folder(), ZOO_BUNDLE.name)
    shutil.copytree(ZOO_BUNDLE, bundle)
    (bundle / "golden.npz").unlink()
    (bundle / "SHA256SUMS").unlink()
    io = manifest.pop("io")["input"]
    preprocess = manifest.pop("preprocess")
    manifest.pop("embedding")
    manifest |= {"schema_version": 2, "task": "reid", "outputs": [output]}
    manifest["inputs"] = [{**io, "kind": "image", "preprocess": preprocess}]
    _write_golden(bundle, manifest, crops, rows, limits)
    return bundle


@cache
def classifier_bundle() -> Path:
    """Return a bundle with the network of `reid_bundle` up to its last layer but one, as logits."""
    from ai_edge_litert import schema_py_generated as schema
    from flatbuffers import Builder

    source = reid_bundle()
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


def _golden(bundle: Path, prefix: str) -> list[np.ndarray]:
    tensors = read_safetensors(bundle / GOLDEN)
    count = sum(name.startswith(f"{prefix}/") for name in tensors)
    return [tensors[f"{prefix}/{index}"] for index in range(count)]


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
    _write(bundle, manifest, safetensors(tensors))


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

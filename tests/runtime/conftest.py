import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bireid_runtime import Bundle, Golden, InputSpec, OutputSpec, Preprocess
from bireid_runtime.golden import Tolerance
from bireid_runtime.preprocess import preprocess
from bireid_runtime.resize import resize_bilinear
from zoo import REID_BUNDLE

SPEC = Preprocess(height=16, width=8)
DIM = 6
INPUTS = (InputSpec.image("image", SPEC),)
OUTPUTS = (OutputSpec.embedding("embedding", DIM),)
GOLDEN = "golden.safetensors"
WEIGHTS = np.random.default_rng(7).normal(size=(3, DIM)).astype(np.float32)


def expected_embedding(crop: np.ndarray) -> np.ndarray:
    """What the network of the test bundle computes, in NumPy: mean, linear, unit length."""
    row = preprocess(crop, SPEC).mean(axis=(0, 1)) @ WEIGHTS
    return row / np.linalg.norm(row)


def write_network(path: Path, weights: np.ndarray = WEIGHTS) -> None:
    from onnx import TensorProto, checker, helper, numpy_helper, save

    nodes = [
        helper.make_node("ReduceMean", ["image", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["linear"]),
        helper.make_node("LpNormalization", ["linear"], ["embedding"], axis=1, p=2),
    ]
    shape = ["N", SPEC.height, SPEC.width, 3]
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", weights.shape[1]])],
        [
            numpy_helper.from_array(np.array([1, 2], np.int64), "axes"),
            numpy_helper.from_array(weights, "weights"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    checker.check_model(model, full_check=True)
    save(model, path)


def write_checksums(root: Path) -> None:
    names = sorted(path.name for path in root.iterdir() if path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256((root / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    (root / "SHA256SUMS").write_text("".join(lines))


def digest(path: Path) -> dict[str, Any]:
    """The entry of a file in a manifest."""
    data = path.read_bytes()
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def write_manifest(root: Path, formats: dict[str, str]) -> None:
    manifest = {
        "schema_version": 2,
        "task": "reid",
        "name": "mean-colour",
        "fingerprint": "sha256:" + "ab" * 32,
        "inputs": [spec.to_manifest() for spec in INPUTS],
        "outputs": [spec.to_manifest() for spec in OUTPUTS],
        "files": {name: {"format": kind, **digest(root / name)} for name, kind in formats.items()},
        "golden": {
            "file": GOLDEN,
            **digest(root / GOLDEN),
            "items": 4,
            "source": "random pixels",
            "tolerances": {"embedding": {"max_abs": 1e-4, "min_cosine": 0.999}},
        },
        "training": {},
        "metrics": [],
        "parity": {},
        "binarisation": {},
        "toolchain": {},
        "licences": {"weights": "Apache-2.0", "training_data": "synthetic"},
    }
    (root / "manifest.json").write_text(json.dumps(manifest, indent=1))


@pytest.fixture
def crops() -> list[np.ndarray]:
    """Crops of different sizes, one larger than the input of the network."""
    rng = np.random.default_rng(3)
    sizes = [(16, 8), (1, 1), (37, 21), (5, 40)]
    return [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]


@pytest.fixture
def bundle_path(tmp_path: Path, crops: list[np.ndarray]) -> Path:
    root = tmp_path / "bundle"
    root.mkdir()
    write_network(root / "model.onnx")
    rows = np.stack([expected_embedding(crop) for crop in crops])
    golden = Golden({"image": tuple(crops)}, {"embedding": rows}, {"embedding": Tolerance(1.0)})
    (root / GOLDEN).write_bytes(golden.to_bytes())
    (root / "card.md").write_text("# mean-colour\n")
    write_manifest(root, {"model.onnx": "onnx"})
    write_checksums(root)
    return root


@pytest.fixture
def edit_manifest(bundle_path: Path) -> Callable[[Callable[[dict[str, Any]], object]], None]:
    """Change the manifest as a dishonest writer would: with checksums that fit again."""

    def edit(change: Callable[[dict[str, Any]], object]) -> None:
        path = bundle_path / "manifest.json"
        manifest = json.loads(path.read_text())
        change(manifest)
        path.write_text(json.dumps(manifest))
        write_checksums(bundle_path)

    return edit


@pytest.fixture
def rewrite_manifest(bundle_path: Path) -> Callable[[], None]:
    """Make manifest and checksums fit files that were changed."""

    def rewrite() -> None:
        write_manifest(bundle_path, {"model.onnx": "onnx"})
        write_checksums(bundle_path)

    return rewrite


@pytest.fixture
def replace_network(bundle_path: Path) -> Callable[[np.ndarray], None]:
    """Replace the weights of the network, keeping the bundle consistent."""

    def replace(weights: np.ndarray) -> None:
        write_network(bundle_path / "model.onnx", weights)
        write_manifest(bundle_path, {"model.onnx": "onnx"})
        write_checksums(bundle_path)

    return replace


@pytest.fixture
def add_file(bundle_path: Path) -> Callable[[str, str], None]:
    """Enter a further model file into the manifest and the checksums."""

    def add(name: str, kind: str) -> None:
        write_manifest(bundle_path, {"model.onnx": "onnx", name: kind})
        write_checksums(bundle_path)

    return add


@pytest.fixture
def network_weights() -> np.ndarray:
    """The weights (3, DIM) of the network of `bundle_path`."""
    return WEIGHTS


@pytest.fixture
def reference() -> Callable[[np.ndarray], np.ndarray]:
    return expected_embedding


@pytest.fixture(scope="session")
def released_bundle() -> Bundle:
    """A bundle that the repository ships."""
    return Bundle.open(REID_BUNDLE)


@pytest.fixture(scope="session")
def images(released_bundle: Bundle) -> np.ndarray:
    """Six inputs of the released network, of noise: float32 (6, H, W, 3)."""
    spec = released_bundle.preprocess
    return np.random.default_rng(0).normal(size=(6, spec.height, spec.width, 3)).astype(np.float32)


@pytest.fixture(scope="session")
def inputs(images: np.ndarray) -> dict[str, np.ndarray]:
    """The same by the name of the input."""
    return {"image": images}


@pytest.fixture(scope="session")
def smooth_crops() -> list[np.ndarray]:
    """uint8 RGB of another size than the input, with no edge sharper than a picture's."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (30, 8, 4, 3), dtype=np.uint8)
    return [resize_bilinear(each, 150, 70) for each in coarse]


@pytest.fixture
def damaged(
    bundle_path: Path, add_file: Callable[[str, str], None], released_bundle: Bundle
) -> Callable[[Callable[[bytes], bytes]], Bundle]:
    """Open a bundle whose `lce` file has been changed, with a manifest that fits it."""

    def open_damaged(change: Callable[[bytes], bytes]) -> Bundle:
        data = change(released_bundle.file("lce").read_bytes())
        (bundle_path / "model.lce.tflite").write_bytes(data)
        add_file("model.lce.tflite", "lce")
        return Bundle.open(bundle_path)

    return open_damaged

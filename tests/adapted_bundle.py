"""Adapt a bundle to cameras by hand: whatever its adaptation says, with hashes that fit."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime import Bundle, Session
from bireid_runtime.adaptation import Adaptation, AdaptationSpec, Camera, Patch
from bireid_runtime.safetensors import read_safetensors, write_safetensors
from golden_edit import edit_golden_outputs, write_checksums

FILE = "adaptation.safetensors"
CAMERAS = ("entrance", "yard")


def adapt(
    folder: Path,
    adaptation: Adaptation,
    cameras: Sequence[str],
    outputs: Mapping[str, np.ndarray],
) -> None:
    """Adapt a bundle where it lies.

    Args:
        folder: A bundle that is not adapted.
        adaptation: Specification and numbers.
        cameras: Camera of each golden item.
        outputs: What the golden items give then, by the name of the output.
    """
    edit_golden_outputs(folder, lambda _: outputs)
    data = adaptation.to_bytes()
    (folder / FILE).write_bytes(data)

    def enter(manifest: dict[str, Any]) -> None:
        manifest["adaptation"] = {"file": FILE, **adaptation.spec.to_manifest(), **_digest(data)}
        manifest["golden"]["cameras"] = list(cameras)
        manifest["fingerprint"] = f"sha256:{hashlib.sha256(data).hexdigest()}"

    edit_manifest(folder, enter)


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest of a bundle."""
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))
    write_checksums(folder)


def edit_numbers(folder: Path, change: Callable[[dict[str, np.ndarray]], object]) -> None:
    """Change the arrays of the adaptation file of a bundle."""
    arrays = read_safetensors((folder / FILE).read_bytes(), FILE)
    change(arrays)
    data = write_safetensors(arrays)
    (folder / FILE).write_bytes(data)
    edit_manifest(folder, lambda manifest: manifest["adaptation"].update(_digest(data)))


def _digest(data: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def adapted_copy(source: Path, folder: Path) -> Path:
    """Copy a bundle and adapt it to `CAMERAS`: all float constants of its LCE file, and centring.

    Its golden outputs are those of the engine here, which other tests hold to its references.
    """
    from bireid_converters.float_constants import FloatConstant, tflite_constants

    shutil.copytree(source, folder)
    bundle = Bundle.open(folder)
    file = bundle.file("lce").name
    data = bundle.read("lce")
    constants = [each for each in tflite_constants(data) if each.shape]

    def patch(constant: FloatConstant) -> Patch:
        rows = constant.shape[0]
        row = int(np.prod(constant.shape)) // rows
        return Patch(constant.offset, "scale" if row > 1 else "replace", rows, row)

    def numbers(constant: FloatConstant) -> np.ndarray:
        # What training could have left: a little above or below what is there.
        factors = rng.uniform(0.9, 1.1, constant.shape[0])
        scales = patch(constant).kind == "scale"
        return factors if scales else factors * constant.values(data).reshape(-1)

    rng = np.random.default_rng(3)
    own = [np.concatenate([numbers(each) for each in constants]) for _ in CAMERAS]
    dim = bundle.output_of_kind("embedding").shape[0]
    spec = AdaptationSpec(
        tuple(Camera(name, 9) for name in CAMERAS),
        "mean_and_deviation",
        {file: tuple(patch(each) for each in constants)},
    )
    adaptation = Adaptation(
        spec,
        rng.normal(0, 0.02, (2, dim)).astype(np.float32),
        rng.uniform(0.02, 0.05, (2, dim)).astype(np.float32),
        {file: np.stack(own).astype(np.float32)},
    )
    golden = bundle.golden()
    cameras = [CAMERAS[index % 2] for index in range(golden.items)]
    adapt(folder, adaptation, cameras, golden.outputs)
    crops = golden.inputs["image"]
    rows = [
        Session.open(folder, "native", camera=camera).run_images([crop])["embedding"]
        for crop, camera in zip(crops, cameras, strict=True)
    ]
    edit_golden_outputs(folder, lambda _: {"embedding": np.concatenate(rows)})
    return folder

"""Adapt a bundle to cameras by hand: whatever its adaptation says, with hashes that fit."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime.adaptation import Adaptation
from bireid_runtime.safetensors import read_safetensors, write_safetensors
from golden_edit import edit_golden_outputs, write_checksums

FILE = "adaptation.safetensors"


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

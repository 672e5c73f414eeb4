"""Change the golden outputs of a bundle as a dishonest writer would: with hashes that fit again."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from bireid_runtime import Bundle, Golden
from bireid_runtime.bundle import DECODED_NAME
from bireid_runtime.safetensors import read_safetensors, write_safetensors


def edit_golden_outputs(
    folder: Path, change: Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
) -> None:
    """Replace the golden outputs of a bundle by `change` of them."""
    golden = Bundle.open(folder).golden()
    data = Golden(golden.inputs, change(golden.outputs), golden.tolerances).to_bytes()
    (folder / "golden.safetensors").write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["golden"].update(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))
    write_checksums(folder)


def edit_decoded(
    folder: Path, change: Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
) -> None:
    """Replace what the golden maps of a bundle decode to, by tensor, by `change` of it."""
    path = folder / DECODED_NAME
    write_decoded(folder, write_safetensors(dict(change(read_safetensors(path.read_bytes(), "")))))


def write_decoded(folder: Path, data: bytes) -> None:
    """Replace the file with what the golden maps of a bundle decode to."""
    (folder / DECODED_NAME).write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    digest = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    manifest["golden"]["decoded"].update(digest)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))
    write_checksums(folder)


def write_checksums(folder: Path) -> None:
    """Write SHA256SUMS of what lies in a bundle."""
    names = sorted(path.name for path in folder.iterdir() if path.name != "SHA256SUMS")
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    (folder / "SHA256SUMS").write_text("".join(f"{sums[name]}  {name}\n" for name in names))

"""What of a bundle a device needs: of its model files the one that the engine there runs."""

import hashlib
import json
from pathlib import Path
from typing import Any

from bireid_runtime.backends import BACKENDS
from bireid_runtime.bundle import Bundle
from bireid_runtime.bundle_files import CHECKSUMS_NAME, MANIFEST_NAME
from bireid_runtime.bundle_manifest import other_files
from bireid_runtime.manifest import Section

from bireid_deploy.devices.payload import PayloadFile, bundle_files

# What `bireid-embed` reads, and what the back end that "auto" tries first does.
_ENGINE = BACKENDS[0]


def lean_files(bundle: Bundle, folder: Path) -> list[PayloadFile]:
    """The files of a bundle without models that no engine there opens, and without its card.

    The device gets a whole bundle: a manifest that lists what is there, and a `SHA256SUMS` over it;
    fingerprint, golden items and records of the conversion are the same.

    Args:
        bundle: A verified bundle.
        folder: Where to write manifest and `SHA256SUMS`; the files must be sent while it exists.

    Returns:
        The files to send. Every file of the bundle, if it has one model alone, none for the engine,
        or numbers of cameras for another model: their digest is part of the fingerprint.
    """
    entries: dict[str, dict[str, Any]] = bundle.manifest["files"]
    format = _ENGINE.format_in(bundle)
    kept = {name: entry for name, entry in entries.items() if entry["format"] == format}
    patched = set() if bundle.adaptation is None else set(bundle.adaptation.patches)
    if not kept or len(kept) == len(entries) or not patched <= kept.keys():
        return bundle_files(bundle)
    manifest = json.dumps({**bundle.manifest, "files": kept}, indent=1, ensure_ascii=False) + "\n"
    names = [*kept, *other_files(Section(bundle.manifest, str(bundle.path)))]
    files = [PayloadFile.of(bundle.path / name, f"bundle/{name}") for name in names]
    sums = {MANIFEST_NAME: hashlib.sha256(manifest.encode()).hexdigest()}
    sums |= {name: file.sha256 for name, file in zip(names, files, strict=True)}
    written = {
        MANIFEST_NAME: manifest,
        CHECKSUMS_NAME: "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)),
    }
    for name, text in written.items():
        (folder / name).write_bytes(text.encode())
        files.append(PayloadFile.of(folder / name, f"bundle/{name}"))
    return files

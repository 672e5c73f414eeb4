"""Writing a bundle; `bireid_runtime.bundle` reads it."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bireid_models import NetworkConfig
from bireid_runtime.bundle import (
    CHECKSUMS_NAME,
    GOLDEN_NAME,
    MANIFEST_NAME,
    SCHEMA_VERSION,
    Bundle,
    file_sha256,
)
from bireid_runtime.golden import Golden
from bireid_runtime.preprocess import Preprocess

from bireid_converters.card import model_card
from bireid_converters.errors import ConversionError
from bireid_converters.formats import FORMATS
from bireid_converters.toolchain import toolchain

CARD_NAME = "card.md"


def write_bundle(
    path: str | os.PathLike[str],
    *,
    name: str,
    config: NetworkConfig,
    files: Mapping[str, bytes],
    golden: Golden,
    golden_source: str,
    preprocess: Preprocess,
    licences: Mapping[str, str],
    training: Mapping[str, Any],
    metrics: Sequence[Mapping[str, Any]],
    parity: Mapping[str, Any],
    binarisation: Mapping[str, Any],
) -> Bundle:
    """Write a bundle, whole or not at all.

    The directory is completed under another name beside its place, opened by the runtime's own
    reader, and only then renamed. An existing bundle is replaced; if that is interrupted, the old
    one is still there, or none.

    Args:
        path: The directory to create or replace.
        name: Name of the network.
        config: What the network was built from.
        files: Bytes of each file by the name of its format.
        golden: Crops for the self-test and their Keras embeddings (N, D).
        golden_source: Where the crops come from, for the card.
        preprocess: Preprocessing of the network.
        licences: `weights` and `training_data`.
        training: How the network was trained, JSON types.
        metrics: What was measured, one mapping per measurement, JSON types.
        parity: Outcome of the parity gate, with `verified`.
        binarisation: Audit of the main file, or nothing.

    Returns:
        The bundle at its place.

    Raises:
        ConversionError: The target is something else than a bundle, it cannot be written, there is
            no file, or a value has no JSON form.
        BundleError: The runtime could not read the result.
    """
    target = check_target(path)
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "fingerprint": fingerprint(files, preprocess),
        "network": asdict(config),
        "io": _io(preprocess, golden.embeddings.shape[1]),
        "preprocess": preprocess.to_manifest(),
        "embedding": {
            "dim": golden.embeddings.shape[1],
            "normalized": True,
            "metric": "cosine",
        },
        "files": {
            entry.file_name: {
                "format": entry.name,
                "sha256": hashlib.sha256(files[entry.name]).hexdigest(),
                "bytes": len(files[entry.name]),
            }
            for entry in FORMATS
            if entry.name in files
        },
        "golden": {"source": golden_source},
        "training": dict(training),
        "metrics": list(metrics),
        "parity": dict(parity),
        "binarisation": dict(binarisation),
        "toolchain": toolchain(),
        "licences": {key: licences[key] for key in ("weights", "training_data")},
    }
    contents = {entry.file_name: files[entry.name] for entry in FORMATS if entry.name in files}
    contents[MANIFEST_NAME] = _to_json(manifest)
    contents[CARD_NAME] = model_card(manifest).encode()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as workplace:
            staging = Path(workplace, "new")
            _write_directory(staging, contents, golden)
            Bundle.open(staging)
            _publish(staging, target, Path(workplace, "old"))
    except OSError as error:
        raise ConversionError(f"{target}: cannot be written: {error}") from error
    return Bundle.open(target)


def check_target(path: str | os.PathLike[str]) -> Path:
    """Check that a bundle may be written here.

    Returns:
        The absolute path, links followed.

    Raises:
        ConversionError: Something that is not a bundle is in the way.
    """
    target = Path(path).resolve()
    if target.exists() and not (target / MANIFEST_NAME).is_file():
        raise ConversionError(
            f"{target}: exists and is not a bundle, so it is not replaced; choose another path"
        )
    return target


def fingerprint(files: Mapping[str, bytes], preprocess: Preprocess) -> str:
    """Identify the space of the embeddings: the SHA-256 of the main file and the preprocessing.

    The main file is the first one in the order of the format table.

    Raises:
        ConversionError: There is no file.
    """
    main = next((files[entry.name] for entry in FORMATS if entry.name in files), None)
    if main is None:
        raise ConversionError("a bundle needs at least one model file")
    return f"sha256:{hashlib.sha256(main + _to_json(preprocess.to_manifest())).hexdigest()}"


def _io(preprocess: Preprocess, dim: int) -> dict[str, Any]:
    return {
        "input": {
            "name": "image",
            "dtype": "float32",
            "layout": "NHWC",
            "shape": [None, preprocess.height, preprocess.width, 3],
        },
        "output": {"name": "embedding", "dtype": "float32", "shape": [None, dim]},
    }


def _to_json(value: Any) -> bytes:
    try:
        return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise ConversionError(f"the manifest has a value without a JSON form: {error}") from error


def _write_directory(folder: Path, contents: Mapping[str, bytes], golden: Golden) -> None:
    folder.mkdir()
    golden.save(folder / GOLDEN_NAME)
    for name, data in contents.items():
        _write_file(folder / name, data)
    sums = "".join(
        f"{file_sha256(folder / name)}  {name}\n" for name in sorted([GOLDEN_NAME, *contents])
    )
    _write_file(folder / CHECKSUMS_NAME, sums.encode())
    _sync_directory(folder)


def _write_file(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _publish(staging: Path, target: Path, old: Path) -> None:
    """Put the new directory in its place; `old` takes the one that was there."""
    replaces = target.exists()
    if replaces:
        target.rename(old)
    try:
        staging.rename(target)
    except BaseException:
        if replaces:
            old.rename(target)
        raise
    _sync_directory(target.parent)


def _sync_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

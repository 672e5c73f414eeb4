"""Writing a bundle; `bireid_runtime.bundle` reads it."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bireid_runtime.adaptation import Adaptation
from bireid_runtime.bundle import ADAPTATION_NAME, DECODED_NAME, GOLDEN_NAME, Bundle
from bireid_runtime.bundle_files import CHECKSUMS_NAME, MANIFEST_NAME, file_sha256
from bireid_runtime.bundle_manifest import SCHEMA_VERSION, other_files
from bireid_runtime.files import require_makeable
from bireid_runtime.golden import Golden
from bireid_runtime.golden_decoded import DecodedGolden
from bireid_runtime.inputs import InputSpec
from bireid_runtime.manifest import Section
from bireid_runtime.outputs import OutputSpec

from bireid_converters.card import CardFacts, model_card
from bireid_converters.errors import ConversionError
from bireid_converters.exchange import exchange
from bireid_converters.formats import FORMATS
from bireid_converters.toolchain import toolchain

CARD_NAME = "card.md"


def write_bundle(
    path: str | os.PathLike[str],
    *,
    name: str,
    task: str,
    network: Mapping[str, Any],
    inputs: Sequence[InputSpec],
    outputs: Sequence[OutputSpec],
    files: Mapping[str, bytes],
    golden: Golden,
    golden_source: str,
    licences: Mapping[str, str],
    training: Mapping[str, Any],
    metrics: Sequence[Mapping[str, Any]],
    parity: Mapping[str, Any],
    binarisation: Mapping[str, Any],
    card: CardFacts,
    reports: Mapping[str, Mapping[str, Any]] | None = None,
    adaptation: Adaptation | None = None,
    note: Mapping[str, Any] | None = None,
) -> Bundle:
    """Write a bundle, whole or not at all.

    The directory is completed under another name beside its place, opened by the runtime's own
    reader, and only then renamed. An existing bundle is exchanged in one step where the system can
    (Linux); elsewhere, if its replacement is interrupted, the old one is still there, or none.

    Args:
        path: The directory to create or replace.
        name: Name of the network.
        task: What the network is for.
        network: What the network was built from, JSON types; with `precision`.
        inputs: What it takes.
        outputs: What it gives.
        files: Bytes of each file by the name of its format.
        golden: Inputs for the self-test and their Keras outputs.
        golden_source: Where the inputs come from, for the card.
        licences: `weights` and `training_data`.
        training: How the network was trained, JSON types.
        metrics: What was measured, one mapping per measurement, JSON types.
        parity: Outcome of the parity gate, with `verified`.
        binarisation: Audit of the main file, or nothing.
        card: What the task says in the model card.
        reports: What the makers of files say of them, JSON types, by format.
        adaptation: The cameras that the network is adapted to.
        note: How that was done, JSON types.

    Returns:
        The bundle at its place.

    Raises:
        ConversionError: The target is something else than a bundle, it cannot be written, there is
            no file, or a value has no JSON form.
        BundleError: The runtime could not read the result.
    """
    target = check_target(path)
    golden.check(inputs, outputs)
    vectors = golden.to_bytes()
    decoded = _decoded(golden, inputs, outputs)
    numbers = None if adaptation is None else adaptation.to_bytes()
    adapted = {} if adaptation is None else {"adaptation": _adapted(adaptation, numbers, note)}
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "task": task,
        "name": name,
        "fingerprint": fingerprint(files, inputs, outputs, adapted.get("adaptation")),
        "network": dict(network),
        "inputs": [spec.to_manifest() for spec in inputs],
        "outputs": [spec.to_manifest() for spec in outputs],
        "files": {
            entry.file_name: {
                "format": entry.name,
                **_digest(files[entry.name]),
                **({"report": dict(report)} if (report := (reports or {}).get(entry.name)) else {}),
            }
            for entry in FORMATS
            if entry.name in files
        },
        "golden": {
            "file": GOLDEN_NAME,
            **_digest(vectors),
            **_decoded_entry(decoded),
            "items": golden.items,
            **({"cameras": list(golden.cameras)} if golden.cameras else {}),
            "source": golden_source,
            "tolerances": {
                name: tolerance.to_manifest() for name, tolerance in golden.tolerances.items()
            },
        },
        **adapted,
        "training": dict(training),
        "metrics": list(metrics),
        "parity": dict(parity),
        "binarisation": dict(binarisation),
        "toolchain": toolchain(),
        "licences": {key: licences[key] for key in ("weights", "training_data")},
    }
    contents = {entry.file_name: files[entry.name] for entry in FORMATS if entry.name in files}
    if numbers is not None:
        contents[ADAPTATION_NAME] = numbers
    contents |= {
        GOLDEN_NAME: vectors,
        **decoded,
        MANIFEST_NAME: _to_json(manifest),
        CARD_NAME: model_card(manifest, card).encode(),
    }
    _replace(target, contents)
    return Bundle.open(target)


def rewrite_manifest(
    base: Bundle,
    path: str | os.PathLike[str],
    changes: Mapping[str, Any],
    card: CardFacts | None = None,
) -> Bundle:
    """Write a bundle again with other keys in its manifest: what it computes stays.

    Args:
        base: The bundle.
        path: The directory to create or replace; may be the bundle's own.
        changes: Keys of the manifest with their new values, JSON types.
        card: What the task says in the model card, which is then written again.

    Raises:
        ConversionError, BundleError: As `write_bundle`.
    """
    target = check_target(path)
    others = other_files(Section(base.manifest, str(base.path / MANIFEST_NAME)))
    names = [*others, *base.manifest["files"], CARD_NAME]
    contents = {name: (base.path / name).read_bytes() for name in names}
    manifest = {**base.manifest, **changes}
    contents[MANIFEST_NAME] = _to_json(manifest)
    if card is not None:
        contents[CARD_NAME] = model_card(manifest, card).encode()
    _replace(target, contents)
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
    try:
        require_makeable(target.parent)
    except OSError as error:
        raise ConversionError(
            f"{target}: cannot be written: {error.filename}: {error.strerror}"
        ) from error
    return target


def fingerprint(
    files: Mapping[str, bytes],
    inputs: Sequence[InputSpec],
    outputs: Sequence[OutputSpec],
    adaptation: Mapping[str, Any] | None = None,
) -> str:
    """Identify what comes out of a network.

    It is the SHA-256 of the main file, then of inputs (with their preprocessing) and outputs (with
    their classes) as they stand in the manifest, as JSON with sorted keys and no spaces. The main
    file is the first one in the order of the format table. Of a network that is adapted to cameras
    the key `adaptation` is in that JSON too, without its note: the cameras of one bundle may be
    compared with each other and with nothing else.

    Raises:
        ConversionError: There is no file.
    """
    main = next((files[entry.name] for entry in FORMATS if entry.name in files), None)
    if main is None:
        raise ConversionError("a bundle needs at least one model file")
    specs: dict[str, Any] = {
        "inputs": [spec.to_manifest() for spec in inputs],
        "outputs": [spec.to_manifest() for spec in outputs],
    }
    if adaptation is not None:
        specs["adaptation"] = {key: adaptation[key] for key in adaptation.keys() - {"note"}}
    canonical = json.dumps(specs, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(main + canonical.encode()).hexdigest()}"


def _adapted(
    adaptation: Adaptation, numbers: bytes | None, note: Mapping[str, Any] | None
) -> dict[str, Any]:
    assert numbers is not None
    return {
        "file": ADAPTATION_NAME,
        **_digest(numbers),
        **adaptation.spec.to_manifest(),
        "note": dict(note or {}),
    }


def _decoded(
    golden: Golden, inputs: Sequence[InputSpec], outputs: Sequence[OutputSpec]
) -> dict[str, bytes]:
    """The file with what golden maps decode to, by its name; empty if no output is decoded."""
    decoded = DecodedGolden.of(golden, inputs, outputs)
    return {DECODED_NAME: decoded.to_bytes()} if decoded.rows else {}


def _decoded_entry(decoded: Mapping[str, bytes]) -> dict[str, Any]:
    if not decoded:
        return {}
    ((name, data),) = decoded.items()
    return {"decoded": {"file": name, **_digest(data)}}


def _digest(data: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _to_json(value: Any) -> bytes:
    try:
        return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise ConversionError(f"the manifest has a value without a JSON form: {error}") from error


def _replace(target: Path, contents: Mapping[str, bytes]) -> None:
    """Put a bundle of these files in its place once the runtime's own reader has read it."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as workplace:
            staging = Path(workplace, "new")
            _write_directory(staging, contents)
            written = Bundle.open(staging)
            written.golden()
            written.golden_decoded()
            written.read_adaptation()
            _publish(staging, target, Path(workplace, "old"))
    except OSError as error:
        raise ConversionError(f"{target}: cannot be written: {error}") from error


def _write_directory(folder: Path, contents: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, data in contents.items():
        _write_file(folder / name, data)
    sums = "".join(f"{file_sha256(folder / name)}  {name}\n" for name in sorted(contents))
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
    if replaces and exchange(staging, target):
        # At no moment was there none, and the old one goes with the workplace.
        _sync_directory(target.parent)
        return
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

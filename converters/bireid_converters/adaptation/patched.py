"""Files of a bundle with patches for each camera, exported and held to each camera's model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from bireid_runtime.adaptation import Adaptation, AdaptationSpec, Camera, Patch
from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.golden import Golden

from bireid_converters.adaptation.camera import CameraAdaptation
from bireid_converters.adaptation.goldens import CentredNetwork, cameras_of_items, merged
from bireid_converters.adaptation.patches import FilePatches
from bireid_converters.convert import Gate, export, file_metadata, named_as
from bireid_converters.errors import ConversionError, ParityError
from bireid_converters.formats import Format
from bireid_converters.golden import Candidates, choose_golden, generate_items, prepare
from bireid_converters.named_model import Arrays, NamedModel


@dataclass(frozen=True)
class PatchedFiles:
    """What level (b) needs of an adapted bundle.

    Attributes:
        formats: Those of the base that can be patched.
        patches: Patch table by the name of the file.
        numbers: float32 (cameras, total) by the name of the file.
        golden: Items with the outputs of each camera's model.
        parity: For the manifest: the report of the gate by camera.
    """

    formats: list[Format]
    patches: Mapping[str, tuple[Patch, ...]]
    numbers: Mapping[str, np.ndarray]
    golden: Golden
    parity: dict[str, Any]


def patch_files(
    base: Bundle,
    cameras: Sequence[CameraAdaptation],
    wanted: Sequence[Format],
    candidates: Candidates | None,
    gate: Gate | None,
    on_progress: Callable[[str], None],
) -> PatchedFiles:
    """Export every camera's network, compare, and check the patched files; see `write_adapted`.

    Raises:
        ConversionError, UnsupportedModelError, ParityError: As `write_adapted`.
    """
    precision = _precision(base)
    formats = [entry for entry in wanted if entry.constants and entry.precision == precision]
    if not formats:
        raise UnsupportedModelError(
            f"{base.path}: no file in it can be patched for cameras; convert the run to "
            "one of the default formats, or adapt embeddings alone"
        )
    for entry in wanted:
        if entry not in formats:
            on_progress(f"leaving out {entry.file_name}, which cannot be patched")
    files = {entry.name: base.read(entry.name) for entry in formats}
    patches, numbers = _compare(base, cameras, formats, files, precision, on_progress)
    level = AdaptationSpec(
        tuple(Camera(each.name, each.crops) for each in cameras), "none", patches
    )
    adaptation = Adaptation(level, None, None, numbers)
    if gate is None:
        from bireid_converters import parity

        gate = parity.check_parity
    items = generate_items(base.inputs) if candidates is None else candidates
    prepared = prepare(items, base.inputs)
    goldens, reports = {}, {}
    for camera in cameras:
        on_progress(f"checking camera {camera.name}")
        network = _network(base, camera)
        patched = {
            entry.name: adaptation.patched(
                entry.file_name, files[entry.name], camera.name, entry.file_name
            )
            for entry in formats
        }
        reports[camera.name] = _check(base, camera, network, formats, patched, prepared, gate)
        goldens[camera.name] = choose_golden(
            CentredNetwork(network, base.outputs, _statistics(camera)),
            base.inputs,
            base.outputs,
            candidates,
        )
    return PatchedFiles(
        formats,
        patches,
        numbers,
        merged(goldens, cameras_of_items(level.names)),
        {"verified": True, "cameras": reports},
    )


def _precision(base: Bundle) -> str:
    network = base.manifest.get("network")
    precision = network.get("precision") if isinstance(network, dict) else None
    if not isinstance(precision, str):
        raise ConversionError(f"{base.path}: the manifest has no network.precision; convert again")
    return precision


def _compare(
    base: Bundle,
    cameras: Sequence[CameraAdaptation],
    formats: Sequence[Format],
    files: Mapping[str, bytes],
    precision: str,
    on_progress: Callable[[str], None],
) -> tuple[dict[str, tuple[Patch, ...]], dict[str, np.ndarray]]:
    """Patch table and numbers by the name of the file, of files that differ at all."""
    metadata = file_metadata(
        base.name, base.task, precision, base.inputs, base.outputs, base.manifest["licences"]
    )
    found = {
        entry.name: FilePatches(
            entry.file_name, files[entry.name], entry.find_constants(files[entry.name])
        )
        for entry in formats
    }
    for camera in cameras:
        on_progress(f"exporting camera {camera.name}")
        network = _network(base, camera)
        for entry in formats:
            data = export(entry, network, metadata).data
            found[entry.name].add(data, entry.find_constants(data), camera.name)
    names = {entry.name: entry.file_name for entry in formats}
    tables = {names[key]: each.table() for key, each in found.items()}
    numbers = {names[key]: each.numbers() for key, each in found.items()}
    changed = [name for name, table in tables.items() if table]
    return {name: tables[name] for name in changed}, {name: numbers[name] for name in changed}


def _network(base: Bundle, camera: CameraAdaptation) -> NamedModel:
    assert camera.model is not None
    return named_as(camera.model(), base.inputs, base.outputs)


def _check(
    base: Bundle,
    camera: CameraAdaptation,
    network: NamedModel,
    formats: Sequence[Format],
    patched: Mapping[str, bytes],
    prepared: Arrays,
    gate: Gate,
) -> dict[str, Any]:
    """The report of the gate on the files of a camera.

    Raises:
        ParityError: It did not pass.
    """
    opened = {entry.name: entry.open(patched[entry.name]) for entry in formats}
    report = gate(network, opened, prepared, base.outputs)
    if not report.passed:
        raise ParityError(
            f"camera '{camera.name}': its patched files do not compute what its network does: "
            f"{report.failure}"
        )
    return report.to_manifest()


def _statistics(camera: CameraAdaptation) -> tuple[np.ndarray, np.ndarray | None] | None:
    if camera.mean is None:
        return None
    deviation = None if camera.deviation is None else camera.deviation.astype(np.float32)
    return camera.mean.astype(np.float32), deviation

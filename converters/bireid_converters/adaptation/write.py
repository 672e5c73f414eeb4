"""From a bundle and what was learned about cameras to an adapted bundle."""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from bireid_runtime.adaptation import EMBEDDING_LEVELS, Adaptation, AdaptationSpec, Camera
from bireid_runtime.bundle import Bundle
from bireid_runtime.golden import Golden
from bireid_runtime.self_test import require, self_test

from bireid_converters.adaptation.camera import CameraAdaptation, check_cameras
from bireid_converters.adaptation.goldens import cameras_of_items, centred_golden, merged
from bireid_converters.bundle import check_target, write_bundle
from bireid_converters.card import CardFacts
from bireid_converters.errors import ConversionError
from bireid_converters.formats import FORMATS, Format, find_format
from bireid_converters.golden import Candidates

if TYPE_CHECKING:
    from bireid_converters.convert import Gate, Measure


def write_adapted(
    base: Bundle,
    out: str | os.PathLike[str],
    cameras: Sequence[CameraAdaptation],
    *,
    card: CardFacts,
    note: Mapping[str, Any],
    name: str | None = None,
    formats: Sequence[str] | None = None,
    candidates: Candidates | None = None,
    candidates_source: str = "inputs given to the conversion by its user",
    measure: "Measure | None" = None,
    gate: "Gate | None" = None,
    on_progress: Callable[[str], None] = lambda stage: None,
) -> Bundle:
    """Write a bundle whose network knows cameras by name.

    With `model` in `cameras` every camera's network is exported, its files are held to have the
    structure of the base's, what differs becomes patches of float constants, and the parity gate
    runs on the patched bytes of every camera. Without, the files are copied and nothing needs
    TensorFlow.

    Args:
        base: A bundle that is not adapted, of the run that the cameras' models come from.
        out: Directory of the bundle; an existing bundle there is replaced.
        cameras: 1 to 256 of them. All have a `mean` or none, and so for `deviation` and `model`.
        card: What the task says in the model card (`Task.card`).
        note: How the numbers were made and what was found, JSON types; it goes into the manifest
            as `adaptation.note` and into the card.
        name: Name of the network; None keeps the base's.
        formats: Formats of the base to keep; None keeps all that can be. With `model`, files that
            cannot be patched (those of another precision, or with quantised weights) are left out:
            `on_progress` says so, and asking for one is an error.
        candidates: As for `convert`, used with `model` alone.
        candidates_source: As for `convert`.
        measure: As for `convert`: called with the bundle before it is put in place, returns its
            `metrics`; those of the base are not taken over.
        gate: As for `convert`.
        on_progress: Told what is being done, one line each.

    Returns:
        The bundle, opened with all hashes verified.

    Raises:
        ArgumentError: `cameras` break a rule above or those of `CameraAdaptation`; named.
        ConversionError: The base is adapted itself, a format is not in it, the target is no
            bundle, the structure of a camera's file is not that of the base, or no golden input is
            stable.
        UnsupportedModelError: No file of the base can be patched.
        ParityError: A camera's patched file does not compute what its model does; nothing is
            written.
        SelfTestError: The written files do not give the golden outputs on the back end here.
        BackendUnavailableError: No back end here runs a file of the bundle.
    """
    check_target(out)
    if base.adaptation is not None:
        raise ConversionError(
            f"{base.path}: adapted to cameras already; start from the bundle that it was made of"
        )
    check_cameras(cameras, base)
    wanted = _wanted(base, formats)
    if cameras[0].model is None:
        adaptation = Adaptation(_spec(cameras, {}), *_statistics(cameras), {})
        golden = _centred_goldens(base, adaptation)
        source = base.manifest["golden"]["source"]
        # The files are the same, so what the gate found still holds.
        parity = base.manifest["parity"]
    else:
        # Exporters and the gate import TensorFlow.
        from bireid_converters.adaptation.patched import patch_files

        patched = patch_files(base, cameras, wanted, candidates, gate, on_progress)
        wanted, golden = patched.formats, patched.golden
        adaptation = Adaptation(
            _spec(cameras, patched.patches), *_statistics(cameras), patched.numbers
        )
        source = "generated patterns" if candidates is None else candidates_source
        parity = patched.parity
    manifest = base.manifest
    write = partial(
        write_bundle,
        name=name or base.name,
        task=base.task,
        network=manifest["network"],
        inputs=base.inputs,
        outputs=base.outputs,
        files={entry.name: base.read(entry.name) for entry in wanted},
        golden=golden,
        golden_source=source,
        licences=manifest["licences"],
        training=manifest["training"],
        parity=parity,
        binarisation=manifest["binarisation"],
        card=card,
        adaptation=adaptation,
        note=note,
    )
    metrics: Sequence[Mapping[str, Any]] = ()
    with tempfile.TemporaryDirectory() as folder:
        trial = write(os.path.join(folder, "bundle"), metrics=metrics)
        on_progress("testing every camera")
        require(self_test(trial))
        if measure is not None:
            metrics = measure(trial)
    return write(out, metrics=metrics)


def _wanted(base: Bundle, formats: Sequence[str] | None) -> list[Format]:
    """Rows of the table, in its order.

    Raises:
        ConversionError: A name that the table or the bundle does not have.
    """
    if formats is not None:
        for name in formats:
            base.file(find_format(name).name)
    chosen = base.formats if formats is None else formats
    return [entry for entry in FORMATS if entry.name in chosen]


def _spec(cameras: Sequence[CameraAdaptation], patches: Mapping[str, Any]) -> AdaptationSpec:
    first = cameras[0]
    level = 0 if first.mean is None else 1 if first.deviation is None else 2
    return AdaptationSpec(
        tuple(Camera(each.name, each.crops) for each in cameras), EMBEDDING_LEVELS[level], patches
    )


def _statistics(
    cameras: Sequence[CameraAdaptation],
) -> tuple[np.ndarray | None, np.ndarray | None]:
    means = [each.mean for each in cameras if each.mean is not None]
    deviations = [each.deviation for each in cameras if each.deviation is not None]
    return (
        np.stack(means).astype(np.float32) if means else None,
        np.stack(deviations).astype(np.float32) if deviations else None,
    )


def _centred_goldens(base: Bundle, adaptation: Adaptation) -> Golden:
    golden = base.golden()
    parts = {}
    for turn, camera in enumerate(adaptation.spec.names):
        statistics = adaptation.statistics(camera)
        assert statistics is not None
        parts[camera] = centred_golden(golden, base.outputs, statistics, camera, turn)
    return merged(parts, cameras_of_items(adaptation.spec.names))

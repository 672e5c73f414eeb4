"""From a checkpoint of another project to a checked bundle: what `import` does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from bireid_converters.convert import convert
from bireid_converters.formats import find_format
from bireid_converters.golden import prepare
from bireid_converters.rebuild import ReadNetwork
from bireid_models.imported.network import EMBEDDING
from bireid_runtime import Bundle
from bireid_runtime.bundle_files import file_sha256
from bireid_runtime.inputs import InputSpec
from bireid_runtime.outputs import OutputSpec

from bireid_deploy.conversion.measure import measure_engines, say_beside, say_measured
from bireid_deploy.conversion.reference_gate import compare_with_reference
from bireid_deploy.data.reference import Reference
from bireid_deploy.tasks import TASKS

SAMPLES = 64

Trial = Callable[[Bundle, str, Mapping[str, np.ndarray], np.ndarray], str]
Measurement = Callable[[Bundle, str, Any], dict[str, Any]]


def import_network(
    path: Path,
    out: Path,
    read: ReadNetwork,
    formats: Sequence[str],
    *,
    trial: Trial,
    measure_file: Measurement,
    name: str,
    licences: Mapping[str, str],
    reference: Reference | None = None,
    dataset: Any = None,
    on_progress: Callable[[str], None] = lambda stage: None,
) -> Bundle:
    """Write a rebuilt network as a bundle, and check it.

    Args:
        path: The checkpoint, for its name and hash.
        out: Directory of the bundle.
        read: The network.
        formats: Names of formats.
        trial: Tries files that need it, `bireid_deploy.comparison.file_trial.try_file`.
        measure_file: Measures them, `measure_file` of the same module.
        name: Name of the network.
        licences: `weights` and `training_data`.
        reference: Images and what the user's own code makes of them.
        dataset: Test data to measure all engines on, and the files that were tried.
        on_progress: Told what is being done.

    Raises:
        ParityError: A file computes otherwise than the network, or that otherwise than the
            reference.
        UnsupportedModelError: LiteRT cannot run a file that is on trial.
        ConversionError, UnsupportedModelError: As `bireid_converters.convert`.
    """
    task = TASKS[read.family.task]
    checked = ["architecture and weights"]
    if reference is not None:
        on_progress("comparing with the reference")
        found = compare_with_reference(
            lambda prepared: np.asarray(read.network.model.predict(prepared, verbose=0)),
            read.preprocess,
            reference,
            f"{read.family.name} was taken to have {read.family.assumed}",
        )
        checked.append(f"reference: {found}")
    dim = read.network.model.output_shape[-1]
    inputs = [InputSpec.image("image", read.preprocess)]
    samples = task.samples(inputs, SAMPLES)
    tried = [entry for entry in formats if find_format(entry).on_trial]

    def measure(bundle: Bundle) -> list[dict[str, Any]]:
        for entry in tried:
            on_progress(f"trying {entry}")
            prepared = prepare(samples, inputs)
            expected = np.asarray(read.network.model.predict(prepared["image"], verbose=0))
            # The manifest that goes into its place is written after this.
            checked.append(trial(bundle, entry, prepared, expected))
        if dataset is None:
            return []
        on_progress(f"measuring every engine on {task.describe(dataset)['name']}")
        metrics = measure_engines(bundle, dataset)
        if metrics:
            checked.append(say_measured(metrics))
        apart = [measure_file(bundle, entry, dataset) for entry in tried]
        checked.extend(say_beside(task, record, metrics) for record in apart)
        return [*metrics, *apart]

    on_progress("exporting and checking")
    return convert(
        read.network,
        out,
        formats,
        name=name,
        task=read.family.task,
        inputs=inputs,
        outputs=[OutputSpec.embedding(EMBEDDING, dim)],
        licences=licences,
        card=task.card,
        training={
            "imported_from": {
                "name": path.name,
                "sha256": file_sha256(path),
                "family": read.family.name,
                "assumed": read.family.assumed,
                "left_out": [*read.dropped, *read.skipped],
                **_configured(read),
            },
            "checked": checked,
        },
        measure=measure if dataset is not None or tried else None,
        candidates=samples,
        candidates_source=task.samples_source,
    )


def describe(read: ReadNetwork) -> dict[str, Any]:
    """What was found in a checkpoint, JSON types."""
    return {
        "family": read.family.name,
        "network": asdict(read.network.config),
        "assumed": read.family.assumed,
        "dropped": list(read.dropped),
        "skipped": dict(read.skipped),
        **_configured(read),
    }


def _configured(read: ReadNetwork) -> dict[str, Any]:
    if read.stated is None:
        return {}
    stated = read.stated
    return {
        "configuration": {
            "name": stated.source,
            "says": list(stated.said),
            "not_known": list(stated.unread),
        }
    }

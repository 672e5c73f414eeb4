"""The checks of `verify`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from bireid_converters.bundle import fingerprint
from bireid_converters.errors import ParityError
from bireid_converters.formats import FORMATS
from bireid_converters.named_model import Arrays, named_model
from bireid_converters.output_rules import OUTPUT_RULES
from bireid_converters.parity import check_parity, compare_engines
from bireid_converters.parity.converted_file import ConvertedFile
from bireid_models.config import Precision
from bireid_runtime import Bundle, Session, self_test
from bireid_runtime.backends import BACKENDS, Backend, find_backend
from bireid_runtime.errors import ArgumentError, BundleError, UnsupportedModelError
from bireid_runtime.self_test import open_any_camera

from bireid_deploy.conversion.convert import SAMPLES
from bireid_deploy.conversion.measure import measure_engines, require_equal_scores
from bireid_deploy.models_at_hand import task_of_bundle
from bireid_deploy.trained_run import TrainedRun


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: What was checked.
        passed: Whether it held; None if it was skipped.
        detail: What was found, or why it was skipped.
    """

    name: str
    passed: bool | None
    detail: str


def verify_bundle(path: Path) -> list[Check]:
    """Hashes, the fingerprint, the golden inputs on every exact back end, and the engines pairwise.

    What needs a back end that is not installed is skipped, and says so.

    Raises:
        IntegrityError, BundleError, UnsupportedModelError: The bundle is not what its manifest
            says, or a file in it is damaged; nothing else is worth checking then.
    """
    bundle = Bundle.open(path)
    _require_sound_files(bundle)
    checks = [Check("hashes", True, f"{len(bundle.manifest['files'])} files as in the manifest")]
    backends = [each for each in BACKENDS if each.format_in(bundle) is not None]
    checks += [_check_golden_inputs(bundle, each) for each in backends if each.exact]
    inputs = _inputs(bundle)
    checks += [_check_against_reference(bundle, each, inputs) for each in backends if each.held_to]
    for camera in _networks(bundle):
        checks += _compare_files(bundle, inputs, camera)
    return [*checks, _check_fingerprint(bundle)]


def _check_fingerprint(bundle: Bundle) -> Check:
    """One that is another network's would let embeddings be compared that must not be."""
    present = [entry.name for entry in FORMATS if entry.name in bundle.formats]
    files = {name: bundle.read(name) for name in present}
    found = fingerprint(files, bundle.inputs, bundle.outputs, bundle.manifest.get("adaptation"))
    if found == bundle.fingerprint:
        return Check("fingerprint", True, f"{found[:19]} as computed")
    detail = f"the manifest says {bundle.fingerprint[:19]}, its files are {found[:19]}"
    return Check("fingerprint", False, detail)


def _networks(bundle: Bundle) -> Sequence[str | None]:
    """A camera of each network in a bundle; None for the network of a bundle without."""
    adaptation = bundle.adaptation
    if adaptation is None:
        return [None]
    return adaptation.names if adaptation.patches else adaptation.names[:1]


def _compare_files(bundle: Bundle, inputs: Arrays, camera: str | None) -> list[Check]:
    files = _comparable_files(bundle, camera)
    checks = []
    if len(files) > 1:
        comparison = compare_engines(files, inputs, bundle.outputs)
        for pair, found in comparison.agreements.items():
            failure = comparison.failures.get(pair)
            detail = failure or (
                f"{found.agreeing_share:.0%} of {found.crops} items agree, mean cosine "
                f"{found.mean_cosine:.4f}"
            )
            name = pair if camera is None else f"{pair}, camera {camera}"
            checks.append(Check(name, failure is None, detail))
    return checks


def verify_against_run(
    path: Path, run: TrainedRun, explain: bool
) -> tuple[list[Check], list[dict[str, Any]]]:
    """The parity gate against the trained network.

    Returns:
        The checks, and with `explain` one record per layer and file.

    Raises:
        ArgumentError: The bundle holds other networks than the run.
    """
    bundle = Bundle.open(path)
    if bundle.adaptation is not None and bundle.adaptation.patches:
        raise ArgumentError(
            f"{path}: its networks are adapted to cameras, the run is not; verify the bundle alone"
        )
    network = named_model(
        run.deployment(),
        [spec.name for spec in bundle.inputs],
        [spec.name for spec in bundle.outputs],
    )
    files = _comparable_files(bundle, None)
    report = check_parity(network, files, _inputs(bundle), bundle.outputs, explain=explain)
    checks, layers = [], []
    for name, result in report.formats.items():
        detail = result.failure or (
            f"{len(result.binary_layers)} binary layers exact, "
            f"{result.agreement.agreeing_share:.0%} of {result.agreement.crops} items agree, mean "
            f"cosine {result.agreement.mean_cosine:.4f}"
        )
        checks.append(Check(f"{name} vs keras", result.failure is None, detail))
        layers += [{"format": name, **asdict(layer)} for layer in result.layers] if explain else []
    return checks, layers


def verify_scores(path: Path, run: TrainedRun | None, dataset: Any) -> Check:
    """The scores of every engine on a test set, against Keras or against each other."""
    bundle = Bundle.open(path)
    task = task_of_bundle(bundle)
    name = f"scores on {task.describe(dataset)['name']}"
    metrics = measure_engines(bundle, dataset, run)
    if not metrics:
        return Check(name, False, "no back end here runs a file of this bundle")
    try:
        require_equal_scores(task, metrics)
    except ParityError as error:
        return Check(name, False, str(error))
    main, heading = next(iter(task.scores.items()))
    found = ", ".join(f"{each['engine']} {heading} {each[main]:.3f}" for each in metrics)
    return Check(name, True, found)


def _require_sound_files(bundle: Bundle) -> None:
    """Read the files with checked bounds: some engines check none and would crash."""
    for entry in FORMATS:
        if entry.audit and entry.name in bundle.formats:
            try:
                entry.load_audit()(bundle.read(entry.name))
            except UnsupportedModelError as error:
                raise UnsupportedModelError(f"{bundle.file(entry.name)}: {error}") from error


def _check_golden_inputs(bundle: Bundle, backend: Backend) -> Check:
    name = f"golden inputs, {backend.name}"
    if reason := backend.unavailable_reason():
        return Check(name, None, reason)
    report = self_test(open_any_camera(bundle, backend.name))
    allowed = ", ".join(f"{each.max_abs:.3g}" for each in report.tolerances.values())
    detail = f"largest difference {report.max_difference:.2g} ({allowed} allowed), {report.engine}"
    if report.decoding_failure is not None:
        detail += f"; {report.decoding_failure}"
    return Check(name, report.passed, detail)


def _check_against_reference(bundle: Bundle, backend: Backend, inputs: Arrays) -> Check:
    """Our engines against the interpreter that the file was made for."""
    assert backend.held_to is not None
    reference = find_backend(backend.held_to.backend, bundle)
    tolerance = backend.held_to.tolerances[bundle.first_format(backend.formats)]
    name = f"{backend.name} vs {reference.name}"
    if reason := reference.unavailable_reason() or backend.unavailable_reason():
        return Check(name, None, reason)
    worst, allowed = 0.0, tolerance
    for camera in _networks(bundle):
        # What is done to embeddings behind the network is the same for all engines.
        expected, found = (
            Session.open(bundle, each.name, camera=camera, centred=False).run(inputs)
            for each in (reference, backend)
        )
        for spec in bundle.outputs:
            difference = float(np.abs(found[spec.name] - expected[spec.name]).max())
            rule = OUTPUT_RULES[spec.kind]
            relative, limit = (
                difference / rule.scale(expected[spec.name]),
                tolerance * rule.rounding,
            )
            if relative * allowed >= worst * limit:
                worst, allowed = relative, limit
    detail = f"largest difference {worst:.2g} on {SAMPLES} items ({allowed:g} allowed)"
    return Check(name, worst <= allowed, detail)


def _comparable_files(bundle: Bundle, camera: str | None) -> dict[str, ConvertedFile]:
    """The files of the bundle's own network that the parity gate can read, opened."""
    network = bundle.manifest.get("network")
    precision = network.get("precision") if isinstance(network, dict) else None
    if precision not in get_args(Precision):
        raise BundleError(
            f"{bundle.path}: the manifest has no valid network.precision; convert again"
        )
    return {
        entry.name: entry.open(bundle.read(entry.name, camera))
        for entry in FORMATS
        if entry.opener and entry.precision == precision and entry.name in bundle.formats
    }


def _inputs(bundle: Bundle) -> dict[str, np.ndarray]:
    samples = task_of_bundle(bundle).samples(bundle.inputs, SAMPLES)
    return {
        spec.name: np.stack([spec.prepare(each) for each in samples[spec.name]])
        for spec in bundle.inputs
    }

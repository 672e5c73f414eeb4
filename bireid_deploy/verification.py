"""The checks of `verify`."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from bireid_converters.errors import ParityError
from bireid_converters.formats import FORMATS
from bireid_converters.named_model import Arrays, named_model
from bireid_converters.parity import check_parity, compare_engines
from bireid_converters.parity.converted_file import ConvertedFile
from bireid_models.config import Precision
from bireid_runtime import Bundle, Session, self_test
from bireid_runtime.backends import BACKENDS, Backend, find_backend
from bireid_runtime.errors import BundleError

from bireid_deploy.conversion import (
    SAMPLE_CROPS,
    measure_engines,
    require_equal_ranking,
    sample_crops,
)
from bireid_deploy.data.dataset import ReIdDataset
from bireid_deploy.training.trained import TrainedRun

# Largest difference of a component from the LCE interpreter, for our engines that run the same
# file. All add the same numbers in the same order; only the operators after the last convolution
# may round otherwise.
LCE_TOLERANCES = {"native": 1e-6, "litert": 2e-7}


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
    """Hashes, the golden crops on every exact back end, and the engines pairwise.

    What needs a back end that is not installed is skipped, and says so.

    Raises:
        IntegrityError, BundleError: The bundle is not what its manifest says; nothing else is
            worth checking then.
    """
    bundle = Bundle.open(path)
    checks = [Check("hashes", True, f"{len(bundle.manifest['files'])} files as in the manifest")]
    checks += [
        _check_golden_crops(bundle, backend)
        for backend in BACKENDS
        if backend.exact and backend.format in bundle.formats
    ]
    if "lce" in bundle.formats:
        checks += _check_native_kernels(bundle)
    files = _comparable_files(bundle)
    if len(files) > 1:
        comparison = compare_engines(files, _inputs(bundle), bundle.outputs)
        for pair, found in comparison.agreements.items():
            detail = comparison.failure or (
                f"{found.agreeing_share:.0%} of {found.crops} crops agree, mean cosine "
                f"{found.mean_cosine:.4f}"
            )
            checks.append(Check(pair, comparison.passed, detail))
    return checks


def verify_against_run(
    path: Path, run: TrainedRun, explain: bool
) -> tuple[list[Check], list[dict[str, Any]]]:
    """The parity gate against the trained network.

    Returns:
        The checks, and with `explain` one record per layer and file.
    """
    bundle = Bundle.open(path)
    network = named_model(
        run.network, [spec.name for spec in bundle.inputs], [spec.name for spec in bundle.outputs]
    )
    files = _comparable_files(bundle)
    report = check_parity(network, files, _inputs(bundle), bundle.outputs, explain=explain)
    checks, layers = [], []
    for name, result in report.formats.items():
        detail = result.failure or (
            f"{len(result.binary_layers)} binary layers exact, "
            f"{result.agreement.agreeing_share:.0%} of {result.agreement.crops} crops agree, mean "
            f"cosine {result.agreement.mean_cosine:.4f}"
        )
        checks.append(Check(f"{name} vs keras", result.failure is None, detail))
        layers += [{"format": name, **asdict(layer)} for layer in result.layers] if explain else []
    return checks, layers


def verify_ranking(path: Path, run: TrainedRun | None, dataset: ReIdDataset) -> list[Check]:
    """MAP and rank-1 of every engine on a test set, against Keras or against each other."""
    metrics = measure_engines(run, Bundle.open(path), dataset)
    if not metrics:
        detail = "no back end here runs a file of this bundle"
        return [Check(f"ranking of {dataset.name}", False, detail)]
    try:
        require_equal_ranking(metrics)
        failure = None
    except ParityError as error:
        failure = str(error)
    found = ", ".join(
        f"{each['engine']} mAP {each['mean_average_precision']:.3f} rank-1 {each['rank_1']:.3f}"
        for each in metrics
    )
    return [Check(f"ranking of {dataset.name}", failure is None, failure or found)]


def _check_golden_crops(bundle: Bundle, backend: Backend) -> Check:
    name = f"golden crops, {backend.name}"
    if reason := backend.unavailable_reason():
        return Check(name, None, reason)
    report = self_test(Session.open(bundle, backend=backend.name))
    allowed = ", ".join(f"{each.max_abs:.3g}" for each in report.tolerances.values())
    detail = f"largest difference {report.max_difference:.2g} ({allowed} allowed), {report.engine}"
    return Check(name, report.passed, detail)


def _check_native_kernels(bundle: Bundle) -> list[Check]:
    """Our engines against the interpreter that the file was made for."""
    lce = find_backend("lce", bundle)
    inputs = _inputs(bundle)
    expected: Arrays | None = None
    checks = []
    for name, allowed in LCE_TOLERANCES.items():
        backend = find_backend(name, bundle)
        if reason := lce.unavailable_reason() or backend.unavailable_reason():
            checks.append(Check(f"{name} vs lce", None, reason))
            continue
        if expected is None:
            expected = Session.open(bundle, lce.name).run(inputs)
        found = Session.open(bundle, backend.name).run(inputs)
        worst = float(max(np.abs(found[name] - each).max() for name, each in expected.items()))
        detail = f"largest difference {worst:.2g} on {SAMPLE_CROPS} crops ({allowed:g} allowed)"
        checks.append(Check(f"{name} vs lce", worst <= allowed, detail))
    return checks


def _comparable_files(bundle: Bundle) -> dict[str, ConvertedFile]:
    """The files of the bundle's own network that the parity gate can read, opened."""
    network = bundle.manifest.get("network")
    precision = network.get("precision") if isinstance(network, dict) else None
    if precision not in get_args(Precision):
        raise BundleError(
            f"{bundle.path}: the manifest has no valid network.precision; convert again"
        )
    return {
        entry.name: entry.open(bundle.read(entry.name))
        for entry in FORMATS
        if entry.opener and entry.precision == precision and entry.name in bundle.formats
    }


def _inputs(bundle: Bundle) -> dict[str, np.ndarray]:
    spec = bundle.image_input
    return {spec.name: np.stack([spec.prepare(each) for each in sample_crops(bundle.preprocess)])}

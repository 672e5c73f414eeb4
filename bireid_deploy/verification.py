"""The checks of `verify`."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from bireid_converters.errors import ParityError
from bireid_converters.formats import FORMATS
from bireid_converters.parity import check_parity, compare_engines
from bireid_models.config import Precision
from bireid_runtime import Bundle, Extractor, self_test
from bireid_runtime.backends import BACKENDS
from bireid_runtime.errors import BundleError
from bireid_runtime.preprocess import preprocess

from bireid_deploy.conversion import measure_engines, require_equal_ranking, sample_crops
from bireid_deploy.data.dataset import ReIdDataset
from bireid_deploy.training.trained import TrainedRun


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: What was checked.
        passed: Whether it held.
        detail: What was found.
    """

    name: str
    passed: bool
    detail: str


def verify_bundle(path: Path) -> list[Check]:
    """Hashes, the golden crops on every back end that runs here, and the engines pairwise.

    Raises:
        IntegrityError, BundleError: The bundle is not what its manifest says; nothing else is
            worth checking then.
    """
    bundle = Bundle.open(path)
    checks = [Check("hashes", True, f"{len(bundle.manifest['files'])} files as in the manifest")]
    for backend in BACKENDS:
        if backend.format not in bundle.formats or backend.unavailable_reason() is not None:
            continue
        report = self_test(Extractor.open(bundle, backend=backend.name))
        worst = max(row.max_abs for row in report.rows)
        detail = f"largest difference {worst:.2g} ({report.max_abs:g} allowed), {report.engine}"
        checks.append(Check(f"golden crops, {backend.name}", report.passed, detail))
    files = _comparable_files(bundle)
    if len(files) > 1:
        comparison = compare_engines(files, _images(bundle))
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
    report = check_parity(run.network, _comparable_files(bundle), _images(bundle), explain=explain)
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


def _comparable_files(bundle: Bundle) -> dict[str, bytes]:
    """The files of the bundle's own network that the parity gate can read, by its names."""
    network = bundle.manifest.get("network")
    precision = network.get("precision") if isinstance(network, dict) else None
    if precision not in get_args(Precision):
        raise BundleError(
            f"{bundle.path}: the manifest has no valid network.precision; convert again"
        )
    return {
        entry.parity: bundle.file(entry.name).read_bytes()
        for entry in FORMATS
        if entry.parity and entry.precision == precision and entry.name in bundle.formats
    }


def _images(bundle: Bundle) -> np.ndarray:
    spec = bundle.preprocess
    return np.stack([preprocess(crop, spec) for crop in sample_crops(spec)])

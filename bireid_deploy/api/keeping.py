"""Scores of one's own data in a bundle's manifest and card."""

from pathlib import Path

from bireid_converters.bundle import rewrite_manifest
from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import ArgumentError

from bireid_deploy.api.evaluation import Evaluation
from bireid_deploy.models_at_hand import task_of_bundle

MAX_RECORDS = 256


def keep_scores(bundle: Path | str, found: Evaluation) -> Bundle:
    """Write what `evaluate` measured into the bundle: into `metrics` of its manifest, and its card.

    The row of the same engine on data of the same name is replaced. What the bundle computes, and
    its fingerprint, stay.

    Args:
        bundle: The bundle that was evaluated.
        found: What `evaluate` returned for it, without options of the task.

    Returns:
        The bundle with the new row.

    Raises:
        ArgumentError: It was not this bundle, or it has 256 rows already.
        ConversionError, BundleError: As `rewrite_manifest`.
    """
    opened = Bundle.open(bundle)
    if found.model != opened.path.name:
        raise ArgumentError(f"{opened.path}: {found.model} was measured, not this")
    told = found.report.to_record(found.engine)
    same = (found.engine, found.report.data)
    rows = [each for each in opened.manifest["metrics"] if _of(each) != same]
    if len(rows) >= MAX_RECORDS:
        raise ArgumentError(f"{opened.path}: has {len(rows)} measurements; convert it again")
    return rewrite_manifest(
        opened, opened.path, {"metrics": [*rows, told]}, card=task_of_bundle(opened).card
    )


def _of(record: dict[str, object]) -> tuple[object, object]:
    return record.get("engine"), record.get("data")

"""The record of a finished run: JSON that tables and figures are drawn from."""

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bireid_runtime.files import atomic_file, read_text

from bireid_deploy.experiments.errors import ExperimentError

SCHEMA_VERSION = 1

_LARGEST_BYTES = 16 * 1024**2
_SIGNIFICANT_DIGITS = 5
# What `evaluate --json` says beside the scores.
_CIRCUMSTANCES = ("model", "data", "engine", "images_per_second")


def training_summary(
    run_record: dict[str, Any], images_per_step: int, terms: Sequence[str]
) -> dict[str, Any]:
    """What a run directory's record says about its training, compact.

    Args:
        run_record: Content of `run.json`.
        images_per_step: Batch size.
        terms: Names of the terms to keep.

    Returns:
        `steps`; `seconds` of training steps, decoding and start-up left out; their
        `images_per_second`; `history`, those terms with one number per epoch.
    """
    history = run_record["history"]
    steps = run_record["steps"]
    images_per_epoch = steps * images_per_step / len(history)
    # A first epoch of one step has no speed.
    speeds = [epoch["images_per_second"] for epoch in history if epoch["images_per_second"] > 0]
    seconds = sum(images_per_epoch / speed for speed in speeds)
    return {
        "epochs": len(history),
        "steps": steps,
        "seconds": round(seconds, 1),
        "images_per_second": round(images_per_epoch * len(speeds) / seconds, 1) if seconds else 0.0,
        "history": {
            term: [float(f"{epoch[term]:.{_SIGNIFICANT_DIGITS}g}") for epoch in history]
            for term in terms
            if term in history[0]
        },
    }


def metrics_of(evaluation: dict[str, Any]) -> dict[str, Any]:
    """The scores in what `evaluate --json` printed, shares from 0 to 1."""
    return {name: value for name, value in evaluation.items() if name not in _CIRCUMSTANCES}


def machine() -> str:
    """Kind of CPU and version of Python."""
    return f"{platform.machine()}, Python {platform.python_version()}"


def write_json(path: Path, record: dict[str, Any]) -> None:
    """Write a record atomically, one key per line."""
    lines = (
        f" {json.dumps(key)}: {json.dumps(value)}"
        for key, value in {"schema_version": SCHEMA_VERSION, **record}.items()
    )
    with atomic_file(path) as file:
        file.write(("{\n" + ",\n".join(lines) + "\n}\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a record.

    Raises:
        ExperimentError: It is damaged, or of another version.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ValueError(f"larger than {_LARGEST_BYTES} bytes")
        record = json.loads(read_text(path))
    except (OSError, ValueError) as error:
        raise ExperimentError(f"{path}: damaged record: {error}; remove it") from error
    if not isinstance(record, dict) or record.get("schema_version") != SCHEMA_VERSION:
        raise ExperimentError(f"{path}: not a record of schema {SCHEMA_VERSION}; remove it")
    return record

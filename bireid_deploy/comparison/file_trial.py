"""What a quantised file of an imported network is worth: opened, run and timed in LiteRT."""

import time
from collections.abc import Mapping
from statistics import median
from typing import Any

import numpy as np
from bireid_runtime import Bundle
from bireid_runtime.backends import EngineSession
from bireid_runtime.errors import UnsupportedModelError

from bireid_deploy.comparison.contestants import BundleFile
from bireid_deploy.comparison.file_engines import TfliteFile

_ROUNDS = 5
_LONGEST_REASON = 120


def try_file(
    bundle: Bundle, format: str, inputs: Mapping[str, np.ndarray], expected: np.ndarray
) -> str:
    """Run a file of a bundle, and hold it against the network and the float file beside it.

    Nothing is asked of the cosine: what is lost counts on the data that the network is for, which
    `measure_file` finds.

    Args:
        bundle: The bundle, not yet in its place.
        format: Which of its files.
        inputs: Prepared inputs float32 (N, ...) by name.
        expected: Embeddings float32 (N, D) of unit length that the network gives for them.

    Returns:
        What was found, in words.

    Raises:
        UnsupportedModelError: LiteRT cannot open or run it.
    """
    try:
        session = TfliteFile(bundle, format, threads=1)
        found = session.run(inputs)[bundle.outputs[0].name]
    except (UnsupportedModelError, ValueError, RuntimeError) as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0][:_LONGEST_REASON]
        raise UnsupportedModelError(
            f"LiteRT cannot run this network in {format}; leave --format {format} out ({reason})"
        ) from error
    cosines = (found * expected).sum(axis=1) / np.linalg.norm(found, axis=1)
    if not np.isfinite(cosines).all():
        raise UnsupportedModelError(
            f"in {format} this network gives embeddings without a direction; leave --format "
            f"{format} out"
        )
    words = f"{format}: mean cosine {cosines.mean():.4f}, smallest {cosines.min():.4f}"
    one = {name: rows[:1] for name, rows in inputs.items()}
    own = bundle.file(format)
    others = [name for name in bundle.formats if name != format]
    beside = next((name for name in others if bundle.file(name).suffix == own.suffix), None)
    if beside is None:
        return f"{words}, {_milliseconds(session, one):.1f} ms"
    other = TfliteFile(bundle, beside, threads=1)
    # By turns, so that both meet the same load.
    times = [(_milliseconds(session, one), _milliseconds(other, one)) for _ in range(_ROUNDS)]
    ratio = median(ours / theirs for ours, theirs in times)
    return f"{words}, {ratio:.2f} times the time of {beside} in LiteRT"


def measure_file(bundle: Bundle, format: str, dataset: Any) -> dict[str, Any]:
    """Measure a file on a test set as its task does, in LiteRT.

    Args:
        bundle: The bundle.
        format: Which of its files; no back end of the runtime reads it.
        dataset: Test data, opened by the bundle's task.

    Returns:
        A record as `bireid_deploy.conversion.measure_engines` makes them of engines; the format
        stands in the name of the engine.

    Raises:
        UnsupportedModelError: LiteRT cannot open it.
    """
    opened = BundleFile(bundle, format).open(threads=1)
    report = opened.task.evaluate(opened.predictor, dataset, bundle.outputs, {})
    return report.to_record(f"{opened.engine}, {format}")


def _milliseconds(session: EngineSession, inputs: Mapping[str, np.ndarray]) -> float:
    start = time.perf_counter()
    session.run(inputs)
    return (time.perf_counter() - start) * 1e3

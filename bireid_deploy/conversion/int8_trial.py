"""What the 8-bit file of an imported network is worth: opened, run and timed before it goes in."""

import time
from collections.abc import Mapping
from statistics import median

import numpy as np
from bireid_runtime import Bundle
from bireid_runtime.backends import EngineSession
from bireid_runtime.errors import UnsupportedModelError

from bireid_deploy.comparison.file_engines import TfliteFile

INT8 = "int8"
_FLOAT = "float"
_ROUNDS = 5


def try_int8(bundle: Bundle, inputs: Mapping[str, np.ndarray], expected: np.ndarray) -> str:
    """Run the file `int8` of a bundle, and hold it against the network and its float file.

    Nothing is asked of the cosine: what is lost counts on the data that the network is for.

    Args:
        bundle: The bundle, not yet in its place.
        inputs: Prepared inputs float32 (N, ...) by name.
        expected: Embeddings float32 (N, D) of unit length that the network gives for them.

    Returns:
        What was found, in words.

    Raises:
        UnsupportedModelError: LiteRT cannot open or run it.
    """
    try:
        session = TfliteFile(bundle, INT8, threads=1)
        found = session.run(inputs)[bundle.outputs[0].name]
    except (UnsupportedModelError, ValueError, RuntimeError) as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0][:120]
        raise UnsupportedModelError(
            f"LiteRT cannot run this network in int8; leave --format int8 out ({reason})"
        ) from error
    cosines = (found * expected).sum(axis=1) / np.linalg.norm(found, axis=1)
    if not np.isfinite(cosines).all():
        raise UnsupportedModelError(
            "in int8 this network gives embeddings without a direction; leave --format int8 out"
        )
    words = f"int8: mean cosine {cosines.mean():.4f}, smallest {cosines.min():.4f}"
    one = {name: rows[:1] for name, rows in inputs.items()}
    if _FLOAT not in bundle.formats:
        return f"{words}, {_milliseconds(session, one):.1f} ms"
    beside = TfliteFile(bundle, _FLOAT, threads=1)
    # By turns, so that both meet the same load.
    times = [(_milliseconds(session, one), _milliseconds(beside, one)) for _ in range(_ROUNDS)]
    ratio = median(ours / theirs for ours, theirs in times)
    return f"{words}, {ratio:.2f} times the time of float in LiteRT"


def _milliseconds(session: EngineSession, inputs: Mapping[str, np.ndarray]) -> float:
    start = time.perf_counter()
    session.run(inputs)
    return (time.perf_counter() - start) * 1e3

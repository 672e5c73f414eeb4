"""Where our delegate spends its time, step by step."""

import gc
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime import Bundle
from bireid_runtime.errors import UnsupportedModelError

_WARM_UP = 3


@dataclass(frozen=True)
class StepTime:
    """One step of the network.

    Attributes:
        name: The operators that it fuses, joined by " + "; for the last one, what is left to
            LiteRT's own kernels and the calls between.
        microseconds: Mean time of one run.
        share: Of the whole network, 0 to 1.
    """

    name: str
    microseconds: float
    share: float

    def to_json(self) -> dict[str, Any]:
        """Record of the step."""
        return {"step": self.name, "microseconds": self.microseconds, "share": self.share}


def time_steps(bundle: Bundle, threads: int, runs: int) -> list[StepTime]:
    """Time the steps of a bundle's network in LiteRT with our delegate, batch 1.

    The clock between the steps costs some time itself, so their sum exceeds what an engine takes
    that is not watched.

    Args:
        bundle: A bundle with a file of format `lce`.
        threads: Threads of one call, at least 1.
        runs: Timed runs, at least 1.

    Returns:
        The steps in the order in which they run, and what LiteRT itself did as the last one.

    Raises:
        BireidError: The back end is missing or refuses the model.
    """
    from bireid_runtime.backends.litert import LitertSession

    rng = np.random.default_rng(0)
    inputs = {
        spec.name: rng.normal(size=(1, *spec.shape)).astype(np.float32) for spec in bundle.inputs
    }
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "profile.json"
        session = LitertSession(bundle, threads, profile=str(profile))
        for _ in range(_WARM_UP):
            session.run(inputs)
        began = time.perf_counter_ns()
        for _ in range(runs):
            session.run(inputs)
        total = (time.perf_counter_ns() - began) / runs / 1e3
        # The delegate writes the profile when it is destroyed.
        del session
        gc.collect()
        if not profile.is_file():
            raise UnsupportedModelError(f"{bundle.path}: the delegate left no profile")
        records = json.loads(profile.read_text(encoding="utf-8"))
    times = {each["name"]: 0.0 for each in records}
    for each in records:
        times[each["name"]] += each["nanoseconds"] / max(1, each["runs"]) / 1e3
    times["LiteRT, the rest"] = max(0.0, total - sum(times.values()))
    return [StepTime(name, spent, spent / total) for name, spent in times.items()]

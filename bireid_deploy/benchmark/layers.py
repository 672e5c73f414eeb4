"""Where the engine spends its time, step by step."""

import json
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime import Bundle
from bireid_runtime.backends import find_backend

_BACKEND = "native"
_REST = "between the steps"
# What the engine calls an operator of the model file: its name and its number.
_OPERATOR = re.compile(r"\w+#(\d+)")


@dataclass(frozen=True)
class StepTime:
    """One step of the network.

    Attributes:
        name: The operators that it fuses, joined by " + ", each with its number in the model file.
        layers: Names of the convolutions and dense layers among them, as `inspect` shows them.
        microseconds: Mean time of one run.
    """

    name: str
    layers: tuple[str, ...]
    microseconds: float


@dataclass(frozen=True)
class Profile:
    """The steps of one network.

    Attributes:
        engine: The engine, its version and its instruction set.
        microseconds: Mean time of one run, from call to return.
        steps: The steps in the order in which they run; the last one is what passes between them.
    """

    engine: str
    microseconds: float
    steps: tuple[StepTime, ...]

    def share(self, step: StepTime) -> float:
        """Part of the whole that a step takes, 0 to 1."""
        return step.microseconds / self.microseconds

    def to_json(self) -> dict[str, Any]:
        """Record of the network."""
        return {
            "engine": self.engine,
            "microseconds": self.microseconds,
            "steps": [
                {
                    "step": step.name,
                    "layers": list(step.layers),
                    "microseconds": step.microseconds,
                    "share": self.share(step),
                }
                for step in self.steps
            ],
        }


def profile(bundle: Bundle, threads: int, runs: int) -> Profile:
    """Time the steps of a bundle's network in the engine of `bireid_runtime`, batch 1.

    The clock between the steps costs some time itself: an engine that is not watched is faster.

    Args:
        bundle: A bundle with a file that the engine reads.
        threads: Threads of one call, at least 1; the time of a step is that of the first one.
        runs: Timed runs, at least 1; the first one, in cold caches, is one of them.

    Raises:
        BireidError: The engine is missing or refuses the model.
        ModuleNotFoundError: The package that reads the names of layers is missing.
    """
    from bireid_converters.audit.tflite import layer_names

    names = layer_names(bundle.read(bundle.first_format(find_backend(_BACKEND, bundle).formats)))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "profile.json"
        engine, total = _run(bundle, threads, runs, file)
        records = json.loads(file.read_text(encoding="utf-8"))
    steps = [
        StepTime(
            each["name"],
            tuple(names[number] for number in _numbers(each["name"]) if number in names),
            each["nanoseconds"] / each["runs"] / 1e3,
        )
        for each in records
    ]
    rest = max(0.0, total - sum(step.microseconds for step in steps))
    return Profile(engine, total, (*steps, StepTime(_REST, (), rest)))


def _run(bundle: Bundle, threads: int, runs: int, file: Path) -> tuple[str, float]:
    """The engine, and the mean microseconds of one run; leaves the profile in `file`."""
    from bireid_runtime.backends.native import NativeSession

    rng = np.random.default_rng(0)
    inputs = {
        spec.name: rng.normal(size=(1, *spec.shape)).astype(np.float32) for spec in bundle.inputs
    }
    session = NativeSession(bundle, threads, profile=file)
    try:
        # The profile counts every run, so the whole has to as well: nothing warms up before.
        began = time.perf_counter_ns()
        for _ in range(runs):
            session.run(inputs)
        total = (time.perf_counter_ns() - began) / runs / 1e3
        return session.describe(), total
    finally:
        # The engine writes the profile when it goes.
        session.close()


def _numbers(step: str) -> Sequence[int]:
    return [int(number) for number in _OPERATOR.findall(step)]

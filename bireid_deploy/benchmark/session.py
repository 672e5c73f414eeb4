"""Interleaved rounds over engines that wait in processes of their own.

An engine that waits reads a pipe, so it uses no CPU; and since every round visits every engine, a
busy moment of the machine touches all of them alike.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
from bireid_runtime.errors import UnsupportedModelError

from bireid_deploy.benchmark.engines import Engine


@dataclass(frozen=True)
class Timing:
    """What one engine did.

    Attributes:
        engine: Which.
        milliseconds: Latency of every timed run, batch 1.
        load_ms: Import of the engine and loading of the model.
        first_ms: First run.
        peak_rss_bytes: Peak resident memory of its process, Python included.
    """

    engine: Engine
    milliseconds: tuple[float, ...]
    load_ms: float
    first_ms: float
    peak_rss_bytes: int

    def percentile(self, percent: float) -> float:
        """Latency in milliseconds that `percent` % of the runs stay under."""
        return float(np.percentile(self.milliseconds, percent))

    def to_json(self, reference: "Timing") -> dict[str, Any]:
        """Record of the row; `ratio` is this median over the reference's."""
        return {
            "engine": self.engine.label,
            "threads": self.engine.threads,
            "bytes": self.engine.bytes,
            "runs": len(self.milliseconds),
            "median_ms": self.percentile(50),
            "p10_ms": self.percentile(10),
            "p90_ms": self.percentile(90),
            "ratio": self.percentile(50) / reference.percentile(50),
            "load_ms": self.load_ms,
            "first_ms": self.first_ms,
            "peak_rss_bytes": self.peak_rss_bytes,
        }


def time_engines(
    engines: list[Engine],
    rounds: int,
    runs_per_round: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Timing]:
    """Time engines in interleaved rounds.

    Raises:
        UnsupportedModelError: An engine cannot open or run its file.
    """
    with ExitStack() as stack:
        workers = [stack.enter_context(_Worker(engine)) for engine in engines]
        samples: list[list[float]] = [[] for _ in engines]
        for round_index in range(rounds):
            for worker, collected in zip(workers, samples, strict=True):
                collected.extend(worker.ask(runs_per_round))
            if on_progress:
                on_progress(round_index + 1, rounds)
        return [
            Timing(worker.engine, tuple(collected), *worker.start, worker.finish())
            for worker, collected in zip(workers, samples, strict=True)
        ]


class _Worker:
    """A worker process, as a context manager that never leaves it behind."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bireid_deploy.benchmark.worker", json.dumps(engine.to_json())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.start = (0.0, 0.0)

    def __enter__(self) -> "_Worker":
        ready = self._read()
        if "error" in ready:
            raise UnsupportedModelError(ready["error"])
        self.start = (ready["load_ms"], ready["first_ms"])
        return self

    def ask(self, runs: int) -> list[float]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{runs}\n")
        self._process.stdin.flush()
        times: list[float] = self._read()
        return times

    def finish(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.close()
        return int(self._read()["peak_rss_bytes"])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            assert self._process.stderr is not None
            last = self._process.stderr.read().strip().splitlines()[-1:] or ["no message"]
            raise UnsupportedModelError(
                f"{self.engine.label}: the engine's process died: {last[0]}"
            )
        return json.loads(line)

"""Interleaved rounds over engines that wait in processes of their own.

An engine that waits reads a pipe, so it uses no CPU; and since every round visits every engine, a
busy moment of the machine touches all of them alike.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
from bireid_runtime.errors import UnsupportedModelError

from bireid_deploy.benchmark.engines import Engine


@dataclass(frozen=True)
class Start:
    """The start of an engine in a fresh process; the model file is in the disk cache by then.

    Attributes:
        load_ms: Import of the engine and loading of the model.
        first_ms: First embedding.
        version: The engine and its version.
    """

    load_ms: float
    first_ms: float
    version: str


@dataclass(frozen=True)
class Timing:
    """What one engine did.

    Attributes:
        engine: Which.
        milliseconds: Latency of every timed run, batch 1.
        starts: Every start, each in a process of its own.
        peak_rss_bytes: Peak resident memory of its process, Python included.
    """

    engine: Engine
    milliseconds: tuple[float, ...]
    starts: tuple[Start, ...]
    peak_rss_bytes: int

    def percentile(self, percent: float) -> float:
        """Latency in milliseconds that `percent` % of the runs stay under."""
        return float(np.percentile(self.milliseconds, percent))

    def to_json(self, reference: "Timing") -> dict[str, Any]:
        """Record of the row.

        `ratio` is this median over the reference's. `load_ms`, `first_ms` and their sum `cold_ms`
        are medians over the starts.
        """
        return {
            "engine": self.engine.label,
            "version": self.starts[0].version,
            "threads": self.engine.threads,
            "bytes": self.engine.bytes,
            "runs": len(self.milliseconds),
            "median_ms": self.percentile(50),
            "p10_ms": self.percentile(10),
            "p90_ms": self.percentile(90),
            "ratio": self.percentile(50) / reference.percentile(50),
            "starts": len(self.starts),
            "load_ms": statistics.median(start.load_ms for start in self.starts),
            "first_ms": statistics.median(start.first_ms for start in self.starts),
            "cold_ms": statistics.median(start.load_ms + start.first_ms for start in self.starts),
            "peak_rss_bytes": self.peak_rss_bytes,
        }


def time_engines(
    engines: Sequence[Engine],
    rounds: int,
    runs_per_round: int,
    starts: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Timing]:
    """Time engines in interleaved rounds.

    Args:
        engines: The rows.
        rounds: Visits to every engine, at least 1.
        runs_per_round: Timed runs of a visit, at least 1.
        starts: Fresh processes per engine, at least 1; the last one does the runs.
        on_progress: Called with (done, total) after every turn over the engines.

    Raises:
        UnsupportedModelError: An engine cannot open or run its file.
    """
    report = on_progress or (lambda done, total: None)
    total = starts + rounds
    started: list[list[Start]] = [[] for _ in engines]
    samples: list[list[float]] = [[] for _ in engines]
    for turn in range(starts - 1):
        for engine, collected in zip(engines, started, strict=True):
            with _Worker(engine) as worker:
                collected.append(worker.start)
        report(turn + 1, total)
    with ExitStack() as stack:
        workers = []
        for engine, collected in zip(engines, started, strict=True):
            workers.append(stack.enter_context(_Worker(engine)))
            collected.append(workers[-1].start)
        for turn in range(rounds):
            for worker, times in zip(workers, samples, strict=True):
                times.extend(worker.ask(runs_per_round))
            report(starts + turn + 1, total)
        return [
            Timing(engine, tuple(times), tuple(each), worker.finish())
            for engine, times, each, worker in zip(engines, samples, started, workers, strict=True)
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

    def __enter__(self) -> "_Worker":
        ready = self._read()
        if "error" in ready:
            raise UnsupportedModelError(ready["error"])
        self.start = Start(**ready)
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

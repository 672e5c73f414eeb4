"""Interleaved rounds over engines that wait in processes of their own.

An engine that waits reads a pipe, so it uses no CPU; and since every round visits every engine, a
busy moment of the machine touches all of them alike.
"""

import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from bireid_deploy.benchmark.engines import Engine
from bireid_deploy.benchmark.held_engine import Start, held


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
            with held(engine) as worker:
                collected.append(worker.start)
        report(turn + 1, total)
    with ExitStack() as stack:
        workers = []
        for engine, collected in zip(engines, started, strict=True):
            workers.append(stack.enter_context(held(engine)))
            collected.append(workers[-1].start)
        for turn in range(rounds):
            for worker, times in zip(workers, samples, strict=True):
                times.extend(worker.time(runs_per_round))
            report(starts + turn + 1, total)
        return [
            Timing(engine, tuple(times), tuple(each), worker.finish())
            for engine, times, each, worker in zip(engines, samples, started, workers, strict=True)
        ]

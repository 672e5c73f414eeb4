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
from bireid_deploy.benchmark.held_engine import Round, Start, held


@dataclass(frozen=True)
class Timing:
    """What one engine did.

    Attributes:
        engine: Which.
        milliseconds: Latency of every timed run of the network alone, batch 1.
        crop_milliseconds: The same from an 8-bit crop, resizing and normalising included; empty if
            the network takes no image.
        starts: Every start, each in a process of its own.
        peak_rss_bytes: Peak resident memory of its process, Python included.
    """

    engine: Engine
    milliseconds: tuple[float, ...]
    crop_milliseconds: tuple[float, ...]
    starts: tuple[Start, ...]
    peak_rss_bytes: int

    def percentile(self, percent: float) -> float:
        """Latency in milliseconds that `percent` % of the runs stay under."""
        return float(np.percentile(self.milliseconds, percent))

    @property
    def item_ms(self) -> float:
        """What one item takes: the median from crop to outputs, or of the network if no crop is."""
        return float(np.median(self.crop_milliseconds or self.milliseconds))

    def to_json(self, reference: "Timing") -> dict[str, Any]:
        """Record of the row.

        `crop_ms` is the median from crop to outputs, null if the network takes no image; `ratio`
        is `median_ms`, the network's, over the reference's. `load_ms`, `first_ms` and their sum
        `cold_ms` are medians over the starts.
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
            "crop_ms": self.item_ms if self.crop_milliseconds else None,
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
    samples: list[list[Round]] = [[] for _ in engines]
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
            for worker, visits in zip(workers, samples, strict=True):
                visits.append(worker.time(runs_per_round))
            report(starts + turn + 1, total)
        return [
            _timing(engine, visits, starts_of, worker.finish())
            for engine, visits, starts_of, worker in zip(
                engines, samples, started, workers, strict=True
            )
        ]


def _timing(
    engine: Engine, visits: Sequence[Round], starts: Sequence[Start], peak_rss_bytes: int
) -> Timing:
    return Timing(
        engine,
        tuple(each for visit in visits for each in visit.milliseconds),
        tuple(each for visit in visits for each in visit.crop_milliseconds),
        tuple(starts),
        peak_rss_bytes,
    )

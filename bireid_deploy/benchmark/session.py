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
from bireid_runtime.errors import UnsupportedModelError

from bireid_deploy.benchmark.engines import Engine
from bireid_deploy.benchmark.held_engine import HeldEngine, Round, Start, held

OnFailed = Callable[[Engine, UnsupportedModelError], None]


@dataclass(frozen=True)
class Timing:
    """What one engine did.

    Attributes:
        engine: Which.
        milliseconds: Latency of every timed run of the network alone, batch 1.
        item: What the whole way starts from: `crop` of 128x256 pixels, `image`, `frame` or `item`;
            None if nothing comes before and behind the network.
        item_milliseconds: Latency of every timed run of it, from 8-bit pixels or points to what the
            task answers.
        starts: Every start, each in a process of its own.
        peak_rss_bytes: Peak resident memory of its process, Python included.
    """

    engine: Engine
    milliseconds: tuple[float, ...]
    item: str | None
    item_milliseconds: tuple[float, ...]
    starts: tuple[Start, ...]
    peak_rss_bytes: int

    def percentile(self, percent: float) -> float:
        """Latency in milliseconds that `percent` % of the runs stay under."""
        return float(np.percentile(self.milliseconds, percent))

    @property
    def item_ms(self) -> float:
        """What one item takes: the median of its whole way, or of the network if that is all."""
        return float(np.median(self.item_milliseconds or self.milliseconds))

    def to_json(self, reference: "Timing") -> dict[str, Any]:
        """Record of the row.

        `item_ms` is the median of the whole way of an `item` and `item_p10_ms` what a tenth of its
        runs stay under, null if that is the network; `ratio` is `median_ms`, the network's, over
        the reference's. `load_ms`, `first_ms` and their sum
        `cold_ms` are medians over the starts.
        """
        return {
            "engine": self.engine.label,
            "version": self.starts[0].version,
            "cpu_features": self.starts[0].cpu_features,
            "threads": self.engine.threads,
            "bytes": self.engine.bytes,
            "runs": len(self.milliseconds),
            "median_ms": self.percentile(50),
            "p10_ms": self.percentile(10),
            "p90_ms": self.percentile(90),
            "item": self.item,
            "item_ms": self.item_ms if self.item_milliseconds else None,
            "item_p10_ms": (
                float(np.percentile(self.item_milliseconds, 10)) if self.item_milliseconds else None
            ),
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
    on_failed: OnFailed | None = None,
    on_left_out: OnFailed | None = None,
) -> list[Timing]:
    """Time engines in interleaved rounds.

    Args:
        engines: The rows.
        rounds: Visits to every engine, at least 1.
        runs_per_round: Timed runs of a visit, at least 1.
        starts: Fresh processes per engine, at least 1; the last one does the runs.
        on_progress: Called with (done, total) after every turn over the engines.
        on_failed: Called with an engine that cannot open or run its file, and why; it has no row.
        on_left_out: Called in its place with an engine's way with 8-bit images, where the network
            begins otherwise than such a way needs; without it that is a failure, too.

    Returns:
        One per engine that did not fail.

    Raises:
        UnsupportedModelError: An engine failed, and there is no `on_failed` or no other engine.
    """
    report = on_progress or (lambda done, total: None)
    total = starts + rounds
    rows = [_Row(engine) for engine in engines]

    def each(act: Callable[[_Row], None]) -> None:
        """Visit the engines that have not failed."""
        for row in list(rows):
            try:
                act(row)
            except UnsupportedModelError as error:
                rows.remove(row)
                may_go = on_left_out is not None and row.engine.needs_a_stem
                told = on_left_out if may_go else on_failed
                if told is None or not rows:
                    raise
                told(row.engine, error)

    for turn in range(starts - 1):
        each(_Row.start)
        report(turn + 1, total)
    with ExitStack() as stack:
        each(lambda row: row.hold(stack))
        for turn in range(rounds):
            each(lambda row: row.run(runs_per_round))
            report(starts + turn + 1, total)
        each(_Row.finish)
    return [row.timing() for row in rows]


class _Row:
    """One engine, and what it has done so far."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._starts: list[Start] = []
        self._visits: list[Round] = []
        self._peak = 0
        self._worker: HeldEngine | None = None

    def start(self) -> None:
        with held(self.engine) as worker:
            self._starts.append(worker.start)

    def hold(self, stack: ExitStack) -> None:
        self._worker = stack.enter_context(held(self.engine))
        self._starts.append(self._worker.start)

    def run(self, runs: int) -> None:
        assert self._worker is not None
        self._visits.append(self._worker.time(runs))

    def finish(self) -> None:
        assert self._worker is not None
        self._peak = self._worker.finish()

    def timing(self) -> Timing:
        return Timing(
            self.engine,
            tuple(each for visit in self._visits for each in visit.milliseconds),
            self._visits[0].item,
            tuple(each for visit in self._visits for each in visit.item_milliseconds),
            tuple(self._starts),
            self._peak,
        )

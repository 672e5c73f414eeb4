"""How fast a bundle runs on this machine, measured as `bireid-embed --bench` does."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bireid_runtime.errors import ArgumentError
from bireid_runtime.extractor import Extractor

_WIDTH, _HEIGHT = 128, 256
_WARM_UP_RUNS = 5


@dataclass(frozen=True)
class BenchResult:
    """Times of one engine, batch 1.

    Attributes:
        engine: Engine and version.
        threads: Threads of one embedding.
        runs: Timed embeddings.
        width: Of the crop, in pixels.
        height: Of the crop, in pixels.
        median_ms: Median of an embedding, the resizing of its crop included.
        p10_ms: 10th percentile.
        p90_ms: 90th percentile.
        load_ms: Opening the bundle; the start of Python is not in it.
        first_ms: First embedding.
        peak_rss_bytes: Peak resident memory of this process, Python included; None where /proc does
            not tell.
    """

    engine: str
    threads: int
    runs: int
    width: int
    height: int
    median_ms: float
    p10_ms: float
    p90_ms: float
    load_ms: float
    first_ms: float
    peak_rss_bytes: int | None


def bench(
    bundle: str | os.PathLike[str], backend: str = "auto", threads: int = 1, runs: int = 100
) -> BenchResult:
    """Time the embedding of a crop of 128x256 pixels.

    Args:
        bundle: Path of a bundle.
        backend: As for `Extractor.open`.
        threads: Threads that one embedding may use, at least 1.
        runs: Embeddings to time, at least 1.

    Raises:
        BireidError: The bundle cannot be read or run, or an argument is out of range.
    """
    if runs < 1:
        raise ArgumentError(f"runs is {runs}; it must be at least 1")
    crop = _crop()
    began = time.perf_counter()
    extractor = Extractor.open(bundle, backend, threads)
    load_ms = _milliseconds_since(began)

    def embed() -> float:
        began = time.perf_counter()
        extractor.embed([crop])
        return _milliseconds_since(began)

    first_ms = embed()
    for _ in range(_WARM_UP_RUNS):
        embed()
    times = [embed() for _ in range(runs)]
    p10_ms, median_ms, p90_ms = (float(each) for each in np.percentile(times, (10, 50, 90)))
    return BenchResult(
        engine=extractor.engine,
        threads=threads,
        runs=runs,
        width=_WIDTH,
        height=_HEIGHT,
        median_ms=median_ms,
        p10_ms=p10_ms,
        p90_ms=p90_ms,
        load_ms=load_ms,
        first_ms=first_ms,
        peak_rss_bytes=_peak_rss_bytes(),
    )


def _crop() -> np.ndarray:
    # Any picture will do: no time depends on the pixels.
    shape = (_HEIGHT, _WIDTH, 3)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def _milliseconds_since(began: float) -> float:
    return (time.perf_counter() - began) * 1e3


def _peak_rss_bytes() -> int | None:
    # getrusage would count what the parent held when it forked.
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    peaks = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")]
    return peaks[0] if peaks else None

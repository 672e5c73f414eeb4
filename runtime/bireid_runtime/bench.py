"""How fast a bundle runs on this machine, measured as `bireid-embed --bench` does."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bireid_runtime.errors import ArgumentError
from bireid_runtime.self_test import open_any_camera
from bireid_runtime.session import Session

_WIDTH, _HEIGHT = 128, 256
_WARM_UP_RUNS = 5


@dataclass(frozen=True)
class BenchResult:
    """Times of one engine, batch 1.

    Attributes:
        engine: Engine and version.
        threads: Threads of one run.
        runs: Timed runs.
        width: Of the image, in pixels; 0 for a network that takes something else.
        height: Of the image, in pixels; 0 for a network that takes something else.
        median_ms: Median of a run, the resizing of its image included.
        p10_ms: 10th percentile.
        p90_ms: 90th percentile.
        load_ms: Opening the bundle; the start of Python is not in it.
        first_ms: First run.
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
    """Time a network on an image of 128x256 pixels, or on random numbers if it takes no image.

    Args:
        bundle: Path of a bundle.
        backend: As for `Session.open`.
        threads: Threads that one run may use, 1 to 64.
        runs: Runs to time, at least 1.

    Raises:
        BireidError: The bundle cannot be read or run, or an argument is out of range.
    """
    if runs < 1:
        raise ArgumentError(f"runs is {runs}; it must be at least 1")
    began = time.perf_counter()
    session = open_any_camera(bundle, backend, threads)
    load_ms = _milliseconds_since(began)
    run = _prepared_run(session)

    def timed() -> float:
        began = time.perf_counter()
        run()
        return _milliseconds_since(began)

    first_ms = timed()
    for _ in range(_WARM_UP_RUNS):
        timed()
    times = [timed() for _ in range(runs)]
    p10_ms, median_ms, p90_ms = (float(each) for each in np.percentile(times, (10, 50, 90)))
    takes_image = _takes_image(session)
    return BenchResult(
        engine=session.engine,
        threads=threads,
        runs=runs,
        width=_WIDTH if takes_image else 0,
        height=_HEIGHT if takes_image else 0,
        median_ms=median_ms,
        p10_ms=p10_ms,
        p90_ms=p90_ms,
        load_ms=load_ms,
        first_ms=first_ms,
        peak_rss_bytes=_peak_rss_bytes(),
    )


def _takes_image(session: Session) -> bool:
    return len(session.inputs) == 1 and session.inputs[0].kind == "image"


def _prepared_run(session: Session) -> Callable[[], object]:
    # Any numbers will do: no time depends on them.
    rng = np.random.default_rng(0)
    if _takes_image(session):
        shape = (_HEIGHT, _WIDTH, session.inputs[0].shape[-1])
        image = rng.integers(0, 256, shape, np.uint8)
        return lambda: session.run_images([image])
    inputs = {
        spec.name: rng.normal(size=(1, *spec.shape)).astype(np.float32) for spec in session.inputs
    }
    return lambda: session.run(inputs)


def _milliseconds_since(began: float) -> float:
    return (time.perf_counter() - began) * 1e3


def _peak_rss_bytes() -> int | None:
    # getrusage would count what the parent held when it forked.
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    peaks = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")]
    return peaks[0] if peaks else None

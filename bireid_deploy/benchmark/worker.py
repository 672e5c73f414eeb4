"""The process that holds one engine.

Started as `python -m bireid_deploy.benchmark.worker ENGINE_JSON`. Writes one JSON line when the
engine is ready; then, for each line with a number of runs on stdin, one line with their
milliseconds; at the end of stdin, one line with the peak memory.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from bireid_runtime.errors import BireidError, UnsupportedModelError

from bireid_deploy.benchmark.engines import Engine, Run

_WARM_UP = 3


def serve(arguments: str) -> int:
    """Open the engine and answer until stdin ends; returns the exit code."""
    fields = json.loads(arguments)
    engine = Engine(**{**fields, "shape": tuple(fields["shape"])})
    image = np.random.default_rng(0).normal(size=engine.shape).astype(np.float32)
    began = time.perf_counter()
    try:
        run = engine.open()
        opened = time.perf_counter()
        run(image)
    except (BireidError, RuntimeError, ValueError) as error:
        _answer({"error": f"{engine.label}: {error}"})
        return 1
    first = time.perf_counter()
    for _ in range(_WARM_UP):
        run(image)
    _answer({"load_ms": (opened - began) * 1e3, "first_ms": (first - opened) * 1e3})
    for line in sys.stdin:
        _answer([_milliseconds(run, image) for _ in range(int(line))])
    _answer({"peak_rss_bytes": _peak_rss_bytes()})
    return 0


def _peak_rss_bytes() -> int:
    """Peak resident memory; getrusage would count what the parent held when it forked."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise UnsupportedModelError("this system does not tell the peak memory of a process")


def _milliseconds(run: Run, image: np.ndarray) -> float:
    began = time.perf_counter()
    run(image)
    return (time.perf_counter() - began) * 1e3


def _answer(value: object) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1]))

"""The process that holds one engine.

Started as `python -m bireid_deploy.benchmark.worker ENGINE_JSON`. Writes one JSON line when the
engine is ready; then, for each line with a number of runs on stdin, one line with their
milliseconds; at the end of stdin, one line with the peak memory.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_WARM_UP = 3


def serve(arguments: str) -> int:
    """Open the engine and answer until stdin ends; returns the exit code."""
    fields = json.loads(arguments)
    began = time.perf_counter()
    # Imported here, because the clock counts what a device has to import, NumPy included.
    from bireid_runtime.errors import BireidError

    from bireid_deploy.benchmark.engines import Engine

    engine = Engine.from_json(fields)
    try:
        opened = engine.open()
        load_ms = _since(began)
        image = engine.image()
        first_ms = _milliseconds(opened.run, image)
    except (BireidError, ImportError, RuntimeError, ValueError) as error:
        _answer({"error": f"{engine.label}: {' '.join(str(error).split())}"})
        return 1
    _answer({"load_ms": load_ms, "first_ms": first_ms, "version": opened.version})
    for line in sys.stdin:
        # The caches hold what the engines before left in them.
        for _ in range(_WARM_UP):
            opened.run(image)
        _answer([_milliseconds(opened.run, image) for _ in range(int(line))])
    _answer({"peak_rss_bytes": _peak_rss_bytes()})
    return 0


def _peak_rss_bytes() -> int:
    """Peak resident memory; getrusage would count what the parent held when it forked."""
    from bireid_runtime.errors import UnsupportedModelError

    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise UnsupportedModelError("this system does not tell the peak memory of a process")


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1e3


def _milliseconds(run: Callable[[Any], Any], image: Any) -> float:
    began = time.perf_counter()
    run(image)
    return _since(began)


def _answer(value: object) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1]))

"""The process that holds one engine.

Started as `python -m bireid_deploy.benchmark.worker ENGINE_JSON`. Writes one JSON line when the
engine is ready; then, for each line with a number of runs on stdin, one line with their
milliseconds, of the network alone and of an item's whole way; at the end of stdin, one line with
the peak memory. A line with the key `error` ends the conversation.
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

_WARM_UP = 3


def main(arguments: str) -> int:
    """Open the engine and answer until stdin ends; returns the exit code."""
    # Some engines print; what they print must not stand between the answers.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        try:
            _serve(arguments, answers)
        # Engines raise whatever they like, onnxruntime classes of its own that derive from
        # Exception alone. The one who asked gets the message, the log the place.
        except Exception as error:
            traceback.print_exc()
            _answer(answers, {"error": " ".join(str(error).split()) or type(error).__name__})
            return 1
    return 0


def _serve(arguments: str, answers: TextIO) -> None:
    fields = json.loads(arguments)
    began = time.perf_counter()
    # Imported here, because the clock counts what a device has to import, NumPy included.
    from bireid_deploy.benchmark.engines import Engine

    engine = Engine.from_json(fields)
    opened = engine.open()
    load_ms = _since(began)
    item = engine.item() if opened.item is None else opened.item
    first_ms = _milliseconds(lambda: opened.run(item))
    _answer(answers, {"load_ms": load_ms, "first_ms": first_ms, "version": opened.version})
    whole = engine.whole_item(opened)
    for line in sys.stdin:
        runs = int(line)
        found: dict[str, Any] = {
            "milliseconds": _times(lambda: opened.run(item), runs),
            "item": None if whole is None else whole.item,
            "item_milliseconds": [] if whole is None else _times(whole.run, runs),
        }
        _answer(answers, found)
    _answer(answers, {"peak_rss_bytes": _peak_rss_bytes()})


def _times(run: Callable[[], object], runs: int) -> list[float]:
    # The caches hold what the engines before left in them.
    for _ in range(_WARM_UP):
        run()
    return [_milliseconds(run) for _ in range(runs)]


def _peak_rss_bytes() -> int:
    """Peak resident memory; getrusage would count what the parent held when it forked."""
    from bireid_runtime.errors import UnsupportedModelError

    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise UnsupportedModelError("this system does not tell the peak memory of a process")


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1e3


def _milliseconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return _since(began)


def _answer(answers: TextIO, value: object) -> None:
    print(json.dumps(value), file=answers, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

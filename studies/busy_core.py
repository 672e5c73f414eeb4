"""Time networks on one and two threads, alone and beside a process that keeps one core busy.

    python studies/busy_core.py BUNDLE [BUNDLE ...] --library before=FILE --library after=FILE

Each library, bundle and number of threads has a process of its own; they take turns, first alone,
then beside the busy process, round after round. Meant for a machine of two cores that has nothing
else to do: there two threads and the busy process are one more than the cores. Without --library,
the installed one is timed.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np
from bireid_runtime import Bundle, native_library
from bireid_runtime.backends.native import NativeSession
from bireid_runtime.preprocess import normalize
from machine import machine_name
from record_output import write_record

RESULT = Path(__file__).parent / "results" / "busy_core.json"
THREADS = (1, 2)
BUSY = "while True: pass"
# Part of a visit, before the calls that count: caches hold what others left, threads sleep.
WARM_UP = 0.2


@click.command()
@click.argument("bundles", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--library", "libraries", multiple=True, metavar="NAME=FILE", help="To be timed.")
@click.option("--rounds", default=60, show_default=True, type=click.IntRange(1), help="Rounds.")
@click.option(
    "--budget", default=80.0, show_default=True, type=click.FloatRange(0), help="Ms of a visit."
)
@click.option("--record", is_flag=True, help=f"Write studies/results/{RESULT.name}.")
def main(
    bundles: tuple[Path, ...], libraries: tuple[str, ...], rounds: int, budget: float, record: bool
) -> None:
    """Time BUNDLES and print the milliseconds of a call."""
    files = dict(name.split("=", 1) for name in libraries)
    files = files or {"installed": native_library.engine_path()}
    with ExitStack() as stack:
        held = [
            stack.enter_context(_Engine(bundle, name, files[name], threads))
            for bundle, name, threads in product(bundles, files, THREADS)
        ]
        busy = stack.enter_context(_Child([sys.executable, "-c", BUSY]))
        for _ in range(rounds):
            for state in ("alone", "busy"):
                busy.send_signal(signal.SIGCONT if state == "busy" else signal.SIGSTOP)
                for engine in held:
                    engine.visit(state, budget)
    rows = [engine.to_json() for engine in held]
    _print(rows)
    if record:
        conditions = {"machine": machine_name(), "cores": os.cpu_count(), "rounds": rounds}
        write_record({**conditions, "budget_ms": budget, "rows": rows}, RESULT)


class _Child(subprocess.Popen[str]):
    """A process that is gone at the end of its context."""

    def __exit__(self, *exception: Any) -> None:
        self.kill()
        super().__exit__(*exception)


class _Engine:
    """What one process times; a context, at whose end the process is gone."""

    def __init__(self, bundle: Path, library: str, file: str, threads: int) -> None:
        self._bundle, self._library, self._threads = bundle, library, threads
        command = [sys.executable, "-c", "import busy_core; busy_core.serve()"]
        self._process = _Child(
            [*command, str(bundle.resolve()), str(Path(file).resolve()), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent,
        )
        self._times: dict[str, list[float]] = {"alone": [], "busy": []}

    def __enter__(self) -> "_Engine":
        self._described = self._read()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._process.__exit__(*exception)

    def visit(self, state: str, budget: float) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{budget}\n")
        self._process.stdin.flush()
        self._times[state] += self._read()

    def to_json(self) -> dict[str, Any]:
        """Record of the row."""
        row: dict[str, Any] = {
            "bundle": Bundle.open(self._bundle).name,
            "library": self._library,
            "described": self._described,
            "threads": self._threads,
        }
        for state, times in self._times.items():
            middle, high = np.percentile(times, (50, 90))
            row[state] = {
                "calls": len(times),
                "mean_ms": float(np.mean(times)),
                "median_ms": float(middle),
                "p90_ms": float(high),
            }
        return row

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise click.ClickException(f"{self._bundle}, {self._library}: its process died")
        return json.loads(line)


def serve() -> None:
    """Answer each line, a number of milliseconds, with the times of as many calls as fit."""
    bundle, threads = Bundle.open(sys.argv[1]), int(sys.argv[3])
    native_library.engine_path = lambda: sys.argv[2]
    (spec,) = bundle.inputs
    assert spec.preprocess is not None
    pixels = np.random.default_rng(0).integers(256, size=(1, *spec.shape)).astype(np.uint8)
    items = {spec.name: normalize(pixels, spec.preprocess)}
    session = NativeSession(bundle, threads)
    print(json.dumps(session.describe()), flush=True)
    for line in sys.stdin:
        begin = time.perf_counter()
        warm = begin + WARM_UP * float(line) / 1000
        end = begin + float(line) / 1000
        times: list[float] = []
        while not times or time.perf_counter() < end:
            start = time.perf_counter()
            session.run(items)
            if start >= warm:
                times.append(1000 * (time.perf_counter() - start))
        print(json.dumps(times), flush=True)


def _print(rows: list[dict[str, Any]]) -> None:
    click.echo(f"{'bundle':44}{'library':>10}{'threads':>8}{'median, p90: alone':>20}{'busy':>17}")
    for row in rows:
        click.echo(
            f"{row['bundle']:44}{row['library']:>10}{row['threads']:>8}"
            + "".join(
                f"{row[state]['median_ms']:>10.3f}{row[state]['p90_ms']:>8.3f}"
                for state in ("alone", "busy")
            )
        )


if __name__ == "__main__":
    main()

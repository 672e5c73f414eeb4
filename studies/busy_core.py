"""Time networks on one and two threads, alone and beside a process that keeps one core busy.

    python studies/busy_core.py BUNDLE [BUNDLE ...] --library before=FILE --library after=FILE

Each library, bundle and number of threads has a process of its own; they take turns, first alone,
then beside the busy process, round after round. Meant for a machine of two cores that has nothing
else to do: there two threads and the busy process are one more than the cores. Without --library,
the installed one is timed.
"""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np
from bireid_runtime import Bundle, native_library
from bireid_runtime.backends.native import NativeSession
from bireid_runtime.preprocess import normalize
from held_engine import HeldEngine, answer
from machine import machine_name
from record_output import write_record

RESULT = Path(__file__).parent / "results" / "busy_core.json"
THREADS = (1, 2)
BUSY = "while True: pass"


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
            _Engine(bundle, name, files[name], threads)
            for bundle, name, threads in product(bundles, files, THREADS)
        ]
        for engine in held:
            stack.enter_context(engine)
        busy = stack.enter_context(_Child([sys.executable, "-c", BUSY]))
        for _ in range(rounds):
            for state in ("alone", "busy"):
                busy.send_signal(signal.SIGCONT if state == "busy" else signal.SIGSTOP)
                for engine in held:
                    engine.visit(budget, state)
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


class _Engine(HeldEngine):
    """A bundle in a library, on some threads."""

    def __init__(self, bundle: Path, library: str, file: str, threads: int) -> None:
        command = ["-c", "import busy_core; busy_core.serve()", bundle.resolve()]
        super().__init__(
            f"{bundle}, {library}",
            [*command, Path(file).resolve(), str(threads)],
            cwd=Path(__file__).parent,
        )
        self._bundle, self._library, self._threads = bundle, library, threads

    def to_json(self) -> dict[str, Any]:
        """Record of the row."""
        row: dict[str, Any] = {
            "bundle": Bundle.open(self._bundle).name,
            "library": self._library,
            "described": self.start,
            "threads": self._threads,
        }
        for state, times in self.milliseconds.items():
            middle, high = np.percentile(times, (50, 90))
            row[state] = {
                "calls": len(times),
                "mean_ms": float(np.mean(times)),
                "median_ms": float(middle),
                "p90_ms": float(high),
            }
        return row


def serve() -> None:
    """Be the process of an engine: bundle, library and threads are the arguments."""
    bundle, threads = Bundle.open(sys.argv[1]), int(sys.argv[3])
    native_library.engine_path = lambda: sys.argv[2]
    (spec,) = bundle.inputs
    assert spec.preprocess is not None
    pixels = np.random.default_rng(0).integers(256, size=(1, *spec.shape)).astype(np.uint8)
    items = {spec.name: normalize(pixels, spec.preprocess)}
    session = NativeSession(bundle, threads)
    answer(lambda: session.run(items), session.describe())


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

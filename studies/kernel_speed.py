"""Time the native kernels layer by layer and hold them against the bound of the CPU.

    python studies/kernel_speed.py [--record]

Every instruction-set path of this CPU runs in a process of its own, on one thread, in interleaved
rounds. The bound is what the execution ports allow if nothing but the products were computed; it
is that of Intel's cores since Ice Lake, with two 512-bit units. Record on a quiet machine: times of
a busy one say nothing.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from bireid_runtime.files import atomic_file
from machine import machine_name

HERE = Path(__file__).parent
RUNTIME = HERE.parent / "runtime"
BUILD = HERE.parent / "build" / "studies"
PROGRAM = BUILD / "native" / "kernel_speed"
RESULT = HERE / "results" / "kernels.json"

# Multiply-accumulates per cycle that the ports allow. amx: 16 x 16 x 64 products of int8 take 16
# cycles; pixels need two of them, for both bytes of a weight. avx512: 512 1-bit ones take 3
# operations on 2 ports; an FMA does 16 on each of 2 ports, VPDPWSSD 32. avx2: 128 1-bit ones take a
# PSHUFB and a PADDB, 2 operations on 3 ports; an FMA does 8 on each of 2 ports; 16 of int16 take a
# VPMADDWD and a VPADDD, 2 operations on 3 ports. What the compiler makes of plain loops has no such
# bound.
BOUNDS = {
    "amx": {"binary": 1024.0, "float": 32.0, "pixel": 512.0},
    "avx512": {"binary": 1024 / 3, "float": 32.0, "pixel": 64.0},
    "avx2": {"binary": 192.0, "float": 16.0, "pixel": 24.0},
}

# Heading, key of a layer's record, format.
COLUMNS = (
    ("fastest us", "fastest_us", ".1f"),
    ("median us", "median_us", ".1f"),
    ("fastest GMAC/s", "fastest_gmac_per_second", ".1f"),
    ("median GMAC/s", "median_gmac_per_second", ".1f"),
    ("MAC/cycle", "mac_per_cycle", ".1f"),
    ("of the bound", "share_of_bound", ".0%"),
)


@click.command()
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(1), help="Rounds.")
@click.option("--runs", default=5, show_default=True, type=click.IntRange(1), help="Runs a round.")
@click.option("--record", is_flag=True, help=f"Write studies/results/{RESULT.name}.")
def main(rounds: int, runs: int, record: bool) -> None:
    """Build the kernels, time them and print a table."""
    _build()
    described = json.loads(subprocess.check_output([PROGRAM], text=True))
    visits = _time(described["paths"], rounds, runs)
    paths = {
        path: _summary(described["layers"], BOUNDS.get(path, {}), visits[path])
        for path in described["paths"]
    }
    for path, summary in paths.items():
        _print(path, summary)
    if record:
        result = {"machine": machine_name(), "rounds": rounds, "runs": runs, "paths": paths}
        with atomic_file(RESULT) as file:
            file.write((json.dumps(result, indent=1) + "\n").encode())
        click.echo(str(RESULT))


def _build() -> None:
    """Compile with the flags of the wheel."""
    folders = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    cmake = shutil.which("cmake", path=folders)
    if cmake is None:
        raise click.ClickException("cmake is not installed: pip install cmake")
    quiet = ("--log-level=NOTICE", "-Wno-deprecated", "-DBIREID_STUDIES=ON")
    for command in (
        [cmake, "-S", str(RUNTIME), "-B", str(BUILD), *quiet],
        [cmake, "--build", str(BUILD), "--target", PROGRAM.name],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise click.ClickException(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def _time(paths: list[str], rounds: int, runs: int) -> dict[str, list[Any]]:
    """The answers of every path, one per round."""
    visits: dict[str, list[Any]] = {path: [] for path in paths}
    with ExitStack() as stack:
        processes = {path: stack.enter_context(_start(path)) for path in paths}
        for _ in range(rounds):
            for path, process in processes.items():
                visits[path].append(_ask(process, runs))
    return visits


def _start(path: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PROGRAM, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _ask(process: subprocess.Popen[str], runs: int) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{runs}\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise click.ClickException(f"{PROGRAM} died")
    return json.loads(line)


def _summary(
    layers: list[dict[str, Any]], bounds: dict[str, float], visits: list[Any]
) -> dict[str, Any]:
    """Record of a path.

    The clock is the fastest that was seen: it changes between the runs, and what it is inside one
    is unknown. So the MAC per cycle of the fastest run are at least those of the record.
    """
    hertz = max(run["hertz"] for visit in visits for runs in visit for run in runs)
    records = []
    for index, layer in enumerate(layers):
        seconds = [run["seconds"] for visit in visits for run in visit[index]]
        record = {
            **layer,
            "fastest_us": min(seconds) * 1e6,
            "median_us": statistics.median(seconds) * 1e6,
            "fastest_gmac_per_second": layer["products"] / min(seconds) / 1e9,
            "median_gmac_per_second": layer["products"] / statistics.median(seconds) / 1e9,
        }
        if hertz:
            record["mac_per_cycle"] = layer["products"] / min(seconds) / hertz
            if layer["kind"] in bounds:
                record["bound_mac_per_cycle"] = bounds[layer["kind"]]
                record["share_of_bound"] = record["mac_per_cycle"] / bounds[layer["kind"]]
        records.append(record)
    return {"ghz": hertz / 1e9, "layers": records}


def _print(path: str, summary: dict[str, Any]) -> None:
    click.echo(f"\n{path}, {summary['ghz']:.2f} GHz" if summary["ghz"] else f"\n{path}")
    click.echo(f"{'layer':17}" + "".join(f"{heading:>16}" for heading, _, _ in COLUMNS))
    for layer in summary["layers"]:
        cells = [f"{layer[key]:{form}}" if key in layer else "-" for _, key, form in COLUMNS]
        click.echo(f"{layer['layer']:17}" + "".join(f"{cell:>16}" for cell in cells))


if __name__ == "__main__":
    main()

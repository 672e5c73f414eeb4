"""Predict cycles of the inner loops by LLVM's models of cores; write studies/results/cycles.json.

    python studies/instructions/cycles.py --root ROOT [--mca llvm-mca-19]

ROOT is what tests/aarch64/emulated_root.py made: it holds the stock wheel of LiteRT. A static
model: no caches, no memory, no clock. Needs g++-aarch64-linux-gnu and LLVM 19 (apt-get install
llvm-19).
"""

import json
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from bireid_runtime.files import atomic_file
from counter import AARCH64, COMPILER, COMPILER_OPTIONS, NATIVE, STUDIES, call
from loops import Loop, loops

RESULT = STUDIES / "results" / "cycles.json"
LIBRARY = "site/ai_edge_litert/libpywrap_litert_common.so"
# Core, LLVM's model of it, whether it has SDOT. Of the last two the models carry the names of their
# siblings for servers, Neoverse N1 and V1.
CORES = (
    ("Cortex-A72 (Raspberry Pi 4)", "cortex-a72", False),
    ("Cortex-A76 (Raspberry Pi 5)", "neoverse-n1", True),
    ("Cortex-X1", "neoverse-v1", True),
)
_ROUNDS = 200
# Of a library, so many loops of a kind are looked at: those with most products per instruction.
_CANDIDATES = 30
_LEAST_OF_OURS = 16
_LEAST_OF_THEIRS = 16


@click.command()
@click.option(
    "--root",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="What tests/aarch64/emulated_root.py made.",
)
@click.option("--mca", default="llvm-mca-19", show_default=True, help="The program of LLVM.")
def main(root: Path, mca: str) -> None:
    """Predict and write studies/results/cycles.json."""
    ours = list(_our_loops())
    found = _disassembled(root / LIBRARY, _LEAST_OF_THEIRS)
    theirs = _candidates(loop for loop in found if loop.kind != "uint8")
    record = {
        "tools": [
            call(mca, "--version").stdout.splitlines()[0],
            call(COMPILER, "--version").stdout.splitlines()[0],
        ],
        "cores": [
            {
                "core": core,
                "model": model,
                "rates": {
                    "ours": _rates(mca, model, ours, has_dot_products),
                    "XNNPACK": _rates(mca, model, theirs, has_dot_products),
                },
            }
            for core, model, has_dot_products in CORES
        ],
    }
    with atomic_file(RESULT) as file:
        file.write((json.dumps(record, indent=1) + "\n").encode())
    click.echo(str(RESULT))


def _our_loops() -> Iterator[Loop]:
    options = [each for each in COMPILER_OPTIONS if each != "-static"]
    for file in ("neon", "neon_dotprod"):
        with TemporaryDirectory() as name:
            compiled = Path(name) / f"{file}.o"
            source = NATIVE / "kernels" / f"{file}.cc"
            own = AARCH64.kernel_options.get(file, ())
            call(COMPILER, *options, *own, f"-I{NATIVE}", "-c", str(source), "-o", str(compiled))
            yield from _disassembled(compiled, _LEAST_OF_OURS)


def _disassembled(file: Path, least: int) -> Iterator[Loop]:
    command = ["aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as objdump:
        assert objdump.stdout is not None
        yield from loops(objdump.stdout, least)
    if objdump.returncode:
        raise click.ClickException(f"{file}: objdump cannot read it")


def _candidates(found: Iterable[Loop]) -> list[Loop]:
    """Of each kind those with most products per instruction, each once."""
    kinds: dict[tuple[str, bool], set[Loop]] = {}
    for loop in found:
        kinds.setdefault((loop.kind, loop.needs_dot_products), set()).add(loop)
    best: list[Loop] = []
    for each in kinds.values():
        dense = sorted(each, key=lambda loop: (-loop.products / loop.code.count("\n"), loop.code))
        best += dense[:_CANDIDATES]
    return best


def _rates(mca: str, model: str, found: list[Loop], has_dot_products: bool) -> dict[str, float]:
    """Most multiply-accumulates per cycle of each kind, in the steady state."""
    rates: dict[str, float] = {}
    for loop in found:
        if loop.needs_dot_products and not has_dot_products:
            continue
        rounds = _cycles(mca, model, loop, 2 * _ROUNDS) - _cycles(mca, model, loop, _ROUNDS)
        rates[loop.kind] = max(rates.get(loop.kind, 0.0), loop.products * _ROUNDS / rounds)
    return rates


def _cycles(mca: str, model: str, loop: Loop, rounds: int) -> int:
    with TemporaryDirectory() as name:
        code = Path(name) / "loop.s"
        code.write_text(loop.code + "\n")
        answer: dict[str, Any] = json.loads(
            call(
                mca,
                "-mtriple=aarch64",
                f"-mcpu={model}",
                f"-iterations={rounds}",
                "-json",
                str(code),
            ).stdout
        )
    return int(answer["CodeRegions"][0]["SummaryView"]["TotalCycles"])


if __name__ == "__main__":
    main()

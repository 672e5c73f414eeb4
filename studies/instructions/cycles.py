"""Predict cycles of the inner loops by LLVM's models of cores; write studies/results/cycles.json.

    python studies/instructions/cycles.py --root ROOT [--mca llvm-mca-19]

ROOT is what tests/aarch64/emulated_root.py made: it holds the stock wheel of LiteRT. A static
model: no caches, no memory, no clock. The instructions of whole networks are those that record.py
counted. Needs g++-aarch64-linux-gnu and LLVM 19 (apt-get install llvm-19): LLVM 14 takes every one
of the cores for a Cortex-A57.
"""

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from bireid_runtime.files import atomic_file
from counter import AARCH64, COMPILER, COMPILER_OPTIONS, NATIVE, STUDIES, call
from loops import Loop, loops
from predicted_network import Core, predict_network

RESULT = STUDIES / "results" / "cycles.json"
COUNTED = STUDIES / "results" / "instructions.json"
LIBRARY = "site/ai_edge_litert/libpywrap_litert_common.so"
# Of the last two LLVM's models carry the names of their siblings for servers, Neoverse N1 and V1;
# its Cortex-A72 is a Cortex-A57.
CORES = (
    Core("Cortex-A72 (Raspberry Pi 4)", "cortex-a72", "cortex-a72", False, 2.0),
    Core("Cortex-A76 (Raspberry Pi 5)", "neoverse-n1", "cortex-a76", True, 2.5),
    Core("Cortex-X1", "neoverse-v1", "cortex-a76", True, 4.0),
)
_OLDEST_LLVM = 19
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
    version = _version(mca)
    counted = json.loads(COUNTED.read_text())
    ours = list(_our_loops())
    found = _disassembled(root / LIBRARY, _LEAST_OF_THEIRS)
    theirs = _candidates(loop for loop in found if loop.kind != "uint8")
    cores = []
    for core in CORES:
        best = {
            "ours": _best(mca, core, ours),
            "XNNPACK": _best(mca, core, theirs),
        }
        cores.append(
            {
                "core": core.name,
                "model": core.model,
                "rest_instructions_per_cycle": core.rest_per_cycle,
                "loops": best,
                "networks": predict_network(core, best, counted),
            }
        )
    record = {
        "tools": [version, call(COMPILER, "--version").stdout.splitlines()[0]],
        "input": counted["input"],
        "mac": counted["mac"],
        "cores": cores,
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


def _best(mca: str, core: Core, found: list[Loop]) -> dict[str, Any]:
    """Of each kind the loop with most products per cycle in the steady state, and what it takes."""
    best: dict[str, Any] = {}
    for loop in found:
        if loop.needs_dot_products and not core.has_dot_products:
            continue
        before = _cycles(mca, core.model, loop, _ROUNDS)
        cycles = (_cycles(mca, core.model, loop, 2 * _ROUNDS) - before) / _ROUNDS
        rate = loop.products / cycles
        if loop.kind not in best or rate > best[loop.kind]["mac_per_cycle"]:
            best[loop.kind] = {
                "mac_per_cycle": rate,
                "mac_per_instruction": loop.products / loop.instructions,
            }
    return best


def _version(mca: str) -> str:
    """The line that says it.

    Raises:
        ClickException: LLVM is missing, or too old to know the cores.
    """
    lines = [line.strip() for line in call(mca, "--version").stdout.splitlines()]
    named = next((line for line in lines if re.search(r"LLVM version \d", line)), "")
    number = re.search(r"LLVM version (\d+)", named)
    if number is None or int(number[1]) < _OLDEST_LLVM:
        raise click.ClickException(
            f"{mca}: {named or 'it says no version'}; it takes LLVM {_OLDEST_LLVM} to know the "
            "cores (apt-get install llvm-19)"
        )
    return named


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

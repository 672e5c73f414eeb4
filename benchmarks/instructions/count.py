"""Count the instructions that a 64-bit ARM CPU executes, by emulation.

    python benchmarks/instructions/count.py layers
    python benchmarks/instructions/count.py network MODEL.tflite --root ROOT --runtime FOLDER

The numbers are exact and repeat. They say nothing of caches or of how many instructions run at
once, so they are no times: they compare kernels and betray slips. Needs Debian's qemu-user, and
g++-aarch64-linux-gnu for the layers.
"""

import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

HERE = Path(__file__).parent
NATIVE = HERE.parents[1] / "runtime" / "native"
COMPILER = "aarch64-linux-gnu-g++"
COMPILER_OPTIONS = ("-std=c++17", "-O3", "-ffp-contract=off", "-static", f"-I{NATIVE}")
KERNEL_FILES = ("avx2", "avx512", "dispatch", "geometry", "neon", "scalar")
EMULATOR = "qemu-aarch64"


@dataclass(frozen=True)
class Count:
    """Executed instructions.

    Attributes:
        total: All of them.
        simd: Those of SIMD and floating point, their loads and stores included.
    """

    total: int
    simd: int


class Counter:
    """Runs programs under QEMU with the counting plugin.

    Args:
        folder: Where to build the plugin.
        cpu: A CPU that QEMU knows.
        root: Folder that the program sees as `/` where it has the file; None for static programs.
    """

    def __init__(self, folder: Path, cpu: str, root: Path | None = None) -> None:
        plugin = folder / "count.so"
        _call("cc", "-O2", "-shared", "-fPIC", str(HERE / "count.c"), "-o", str(plugin))
        self._emulator = [EMULATOR, "-cpu", cpu, "-plugin", str(plugin)]
        if root is not None:
            self._emulator += ["-L", str(root)]

    def between_marks(self, *command: str, imports: Sequence[Path] = ()) -> Count:
        """Count what a command executes between its last two marks, calls of `getsid(0)`.

        Args:
            command: A program for aarch64 and its arguments.
            imports: Folders for PYTHONPATH.

        Returns:
            The difference of the counts at the marks.

        Raises:
            ClickException: The command failed, or made less than two marks.
        """
        output = _call(*self._emulator, *command, imports=imports).stderr
        marks = re.findall(r"^instructions (\d+) simd (\d+)$", output, re.MULTILINE)
        if len(marks) < 2:
            raise click.ClickException(f"{shlex.join(command)}: it made less than two marks")
        (first_total, first_simd), (last_total, last_simd) = marks[-2:]
        return Count(int(last_total) - int(first_total), int(last_simd) - int(first_simd))


def _call(*command: str, imports: Sequence[Path] = ()) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ)
    if imports:
        environment["PYTHONPATH"] = os.pathsep.join(map(str, imports))
    try:
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise click.ClickException(f"{command[0]} is not installed") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [f"exit code {error.returncode}"]
        raise click.ClickException(f"{shlex.join(command)}: {lines[-1]}") from error


def _build_layers(folder: Path) -> str:
    program = str(folder / "layers")
    kernels = [str(NATIVE / "kernels" / f"{name}.cc") for name in KERNEL_FILES]
    _call(COMPILER, *COMPILER_OPTIONS, str(HERE / "layers.cc"), *kernels, "-o", program)
    return program


@click.group()
def main() -> None:
    """Count executed instructions."""


@main.command()
@click.option("--cpu", default="cortex-a72", show_default=True, help="A CPU that QEMU knows.")
@click.option("--isa", default="neon", show_default=True, help="neon or scalar.")
def layers(cpu: str, isa: str) -> None:
    """Count the layers of ResNet-18 at 256 x 128."""
    with tempfile.TemporaryDirectory() as folder:
        counter = Counter(Path(folder), cpu)
        program = _build_layers(Path(folder))
        click.echo(f"{'layer':24}{'M instructions':>16}{'SIMD':>10}{'MAC each':>10}")
        for line in _call(EMULATOR, program, "list").stdout.splitlines():
            layer, products = line.split("\t")
            count = counter.between_marks(program, layer, isa)
            click.echo(
                f"{layer:24}{count.total / 1e6:16.3f}{count.simd / 1e6:10.3f}"
                f"{int(products) / count.total:10.2f}"
            )


@main.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--root",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="What tests/aarch64/emulated_root.py made.",
)
@click.option(
    "--runtime",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The unpacked aarch64 wheel of bireid-runtime; without it LiteRT runs alone.",
)
@click.option("--fuse", default="backbone", show_default=True, help="Option of the delegate.")
@click.option("--cpu", default="cortex-a72", show_default=True, help="A CPU that QEMU knows.")
def network(model: Path, root: Path, runtime: Path | None, fuse: str, cpu: str) -> None:
    """Count one inference of a .tflite file by LiteRT."""
    python = next((root / "debian" / "usr" / "bin").glob("python3.[0-9]*"))
    imports = [root / "site"] + ([] if runtime is None else [runtime])
    options = [] if runtime is None else [fuse]
    with tempfile.TemporaryDirectory() as folder:
        count = Counter(Path(folder), cpu, root / "debian").between_marks(
            str(python), "-B", str(HERE / "run_network.py"), str(model), *options, imports=imports
        )
    click.echo(f"{count.total / 1e6:.3f} M instructions, {count.simd / 1e6:.3f} M of them SIMD")


if __name__ == "__main__":
    main()

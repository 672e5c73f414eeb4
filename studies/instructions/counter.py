"""Exact counts of the instructions that programs for 64-bit ARM execute, under QEMU."""

import os
import re
import shlex
import subprocess
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import click

HERE = Path(__file__).parent
STUDIES = HERE.parent
NATIVE = STUDIES.parent / "runtime" / "native"
COMPILER = "aarch64-linux-gnu-g++"
COMPILER_OPTIONS = ("-std=c++17", "-O3", "-ffp-contract=off", "-static")
KERNEL_FILES = (
    *("amx", "amx_permission", "avx2", "avx512", "avx512f", "dispatch", "geometry"),
    *("neon", "neon32", "neon_dotprod", "scalar", "wasm"),
)
EMULATOR = "qemu-aarch64"

# What /proc/cpuinfo calls the CPUs of a Raspberry Pi 4 and 5; XNNPACK chooses kernels by it.
CPU_PARTS = {"cortex-a72": "0xd08", "cortex-a76": "0xd0b"}


@dataclass(frozen=True)
class Machine:
    """How programs for an architecture are made and run.

    Attributes:
        compiler: The C++ compiler.
        emulator: The program of QEMU that runs what it makes.
        options: Of the compiler, for all files.
        kernel_options: Options for single files of the kernels, as in native/CMakeLists.txt.
    """

    compiler: str
    emulator: str
    options: tuple[str, ...] = ()
    kernel_options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


AARCH64 = Machine(
    COMPILER, EMULATOR, kernel_options={"neon_dotprod": ("-march=armv8.2-a+dotprod",)}
)
ARMV7 = Machine(
    "arm-linux-gnueabihf-g++",
    "qemu-arm",
    ("-march=armv7-a+fp", "-mfloat-abi=hard", "-Wno-psabi"),
    {
        "neon32": (
            "-mfpu=neon-vfpv4",
            "-funsafe-math-optimizations",
            "-fno-associative-math",
            "-fno-reciprocal-math",
            "-fsigned-zeros",
            "-ftrapping-math",
        )
    },
)


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
        folder: Where to build the plugin and the programs.
        cpu: A CPU that QEMU knows.
        emulator: The program of QEMU.
        root: Folder that the program sees as `/` where it has the file; None for static programs.
    """

    def __init__(
        self, folder: Path, cpu: str, emulator: str = EMULATOR, root: Path | None = None
    ) -> None:
        plugin = folder / "count.so"
        call("cc", "-O2", "-shared", "-fPIC", str(HERE / "count.c"), "-o", str(plugin))
        self._emulator = [emulator, "-cpu", cpu, "-plugin", str(plugin)]
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
        output = call(*self._emulator, *command, imports=imports).stderr
        marks = re.findall(r"^instructions (\d+) simd (\d+)$", output, re.MULTILINE)
        if len(marks) < 2:
            raise click.ClickException(f"{shlex.join(command)}: it made less than two marks")
        (first_total, first_simd), (last_total, last_simd) = marks[-2:]
        return Count(int(last_total) - int(first_total), int(last_simd) - int(first_simd))


def call(*command: str, imports: Sequence[Path] = ()) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it wrote.

    Raises:
        ClickException: It is not installed, or failed.
    """
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


@dataclass(frozen=True)
class LayerCount:
    """What a layer took.

    Attributes:
        layer: Its name.
        products: Its multiply-accumulates.
        count: Executed instructions.
    """

    layer: str
    products: int
    count: Count


def count_layers(cpu: str, isa: str, machine: Machine = AARCH64) -> Iterator[LayerCount]:
    """Count the layers of ResNet-18 at 256 x 128, one after the other.

    Args:
        cpu: A CPU that QEMU knows.
        isa: `"neon"` or `"scalar"`.
        machine: The architecture.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        program = str(folder / "layers")
        compiler = (machine.compiler, *COMPILER_OPTIONS, *machine.options)
        compiler += (f"-I{NATIVE}", f"-I{STUDIES}")
        objects = [str(folder / f"{file}.o") for file in KERNEL_FILES]
        for file, compiled in zip(KERNEL_FILES, objects, strict=True):
            options = machine.kernel_options.get(file, ())
            call(*compiler, *options, "-c", f"{NATIVE}/kernels/{file}.cc", "-o", compiled)
        sources = (str(HERE / "layers.cc"), str(STUDIES / "network_layers.cc"))
        call(*compiler, *sources, *objects, "-o", program)
        counter = Counter(folder, cpu, machine.emulator)
        for line in call(machine.emulator, program, "list").stdout.splitlines():
            layer, products = line.split("\t")
            yield LayerCount(layer, int(products), counter.between_marks(program, layer, isa))


def count_network(model: Path, root: Path, cpu: str, delegate: tuple[Path, str] | None) -> Count:
    """Count one inference of a .tflite file by LiteRT, or of a bundle by our engine, on one thread.

    Args:
        model: The file or the bundle.
        root: What tests/aarch64/emulated_root.py made.
        cpu: A key of CPU_PARTS.
        delegate: The aarch64 wheel of bireid-runtime and the option `fuse` of its delegate; None
            for LiteRT alone.
    """
    python = next((root / "debian" / "usr" / "bin").glob("python3.[0-9]*"))
    imports, options = [root / "site"], []
    with TemporaryDirectory() as name, _machine(root / "debian", cpu) as machine:
        folder = Path(name)
        if delegate is not None:
            wheel, fuse = delegate
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder / "runtime")
            imports.append(folder / "runtime")
            options.append(fuse)
        program = (str(python), "-B", str(HERE / "run_network.py"), str(model), *options)
        return Counter(folder, cpu, root=machine).between_marks(*program, imports=imports)


@contextmanager
def _machine(debian: Path, cpu: str) -> Iterator[Path]:
    """A folder that shows `debian` with the /proc/cpuinfo of a CPU."""
    with TemporaryDirectory() as name:
        machine = Path(name)
        for entry in debian.absolute().iterdir():
            if entry.name != "proc":
                (machine / entry.name).symlink_to(entry)
        cpuinfo = (debian / "proc" / "cpuinfo").read_text()
        named = re.sub(r"(?<=CPU part\t: )0x\w+", CPU_PARTS[cpu], cpuinfo)
        (machine / "proc").mkdir()
        (machine / "proc" / "cpuinfo").write_text(named)
        yield machine

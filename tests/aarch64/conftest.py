"""An emulated 64-bit ARM machine for the tests of this folder, and why there is none if so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import emulated_root

REPOSITORY = Path(__file__).parents[2]
EMULATOR = "qemu-aarch64-static"
COMPILER = "aarch64-linux-gnu-g++"


def give_up(reason: str) -> None:
    """Skip; on a CI machine, which is set up for these tests, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def require_tools(*names: str) -> None:
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        give_up(f"not installed: {', '.join(missing)}")


@pytest.fixture(scope="session")
def emulator() -> str:
    """The program that runs static programs for aarch64."""
    require_tools(EMULATOR)
    return EMULATOR


@pytest.fixture(scope="session")
def cross_compiler() -> str:
    """The C++ compiler for aarch64, where its programs can also run."""
    require_tools(COMPILER, EMULATOR)
    return COMPILER


@pytest.fixture(scope="session")
def emulated_python():
    """Run the emulated Python: a function of the CPU, the folders to import from and arguments."""
    default = REPOSITORY / ".cache" / "aarch64"
    folder = Path(os.environ.get("BIREID_AARCH64_ROOT", default)).absolute()
    try:
        emulated_root.build(folder)
    except emulated_root.EmulationError as error:
        give_up(f"no emulated aarch64 machine: {error}")

    def run(cpu: str, imports: list[Path], *arguments: str) -> subprocess.CompletedProcess:
        paths = ":".join(map(str, [*imports, folder / "site"]))
        return subprocess.run(
            [*emulated_root.python_command(folder, EMULATOR, cpu), *arguments],
            env={"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run

"""Emulated 64-bit ARM machines for the tests of this folder, and why there are none if so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from skips import skip_unavoidably

sys.path.insert(0, str(Path(__file__).parent))

import binfmt
import emulated_root
import machine
from debian_root import RootError

EMULATOR = "qemu-aarch64-static"
COMPILER = "aarch64-linux-gnu-g++"


def require_tools(*names: str) -> None:
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


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
def emulated_folder() -> Path:
    """The folder that `emulated_root` makes: the first time, in a minute."""
    default = emulated_root.default_folder()
    folder = Path(os.environ.get("BIREID_AARCH64_ROOT", default)).absolute()
    try:
        emulated_root.build(folder)
    except RootError as error:
        pytest.skip(f"no emulated aarch64 machine: {error}")
    return folder


@pytest.fixture(scope="session")
def emulated_python(emulated_folder):
    """Run the emulated Python: a function of the CPU, the folders to import from and arguments."""

    def run(cpu: str, imports: list[Path], *arguments: str) -> subprocess.CompletedProcess:
        paths = ":".join(map(str, [*imports, emulated_folder / "site"]))
        return subprocess.run(
            [*emulated_root.python_command(emulated_folder, EMULATOR, cpu), *arguments],
            env={"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def emulated_debian(emulated_folder) -> Path:
    """The root of a Debian, whose ARM programs the kernel starts by itself."""
    require_tools("nsenter", "setpriv", "unshare")
    if os.geteuid() != 0:
        skip_unavoidably("a machine of its own file system needs root")
    if not binfmt.enable("qemu-aarch64"):
        pytest.skip("the kernel does not start ARM programs (apt-get install binfmt-support)")
    return emulated_folder / "debian"


@pytest.fixture
def raspberry_pi(emulated_debian, tmp_path_factory, monkeypatch):
    """A Raspberry Pi of its own for each test; `ssh` in this process's PATH can log in to it."""
    require_tools(machine.SSHD, "ssh")
    with machine.raspberry_pi(emulated_debian, tmp_path_factory.mktemp("pi")) as pi:
        monkeypatch.setenv("PATH", f"{pi.server.client}{os.pathsep}{os.environ['PATH']}")
        yield pi


@pytest.fixture
def phone(emulated_debian, monkeypatch):
    """An Android phone of its own for each test; yields `adb://serial/folder`."""
    with machine.phone(emulated_debian) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield f"adb://{machine.SERIAL}/data/local/tmp/reid"

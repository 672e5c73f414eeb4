"""The two wheels, and environments of their own to install them into."""

import os
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")


@dataclass(frozen=True)
class Environment:
    """A virtual environment that is not the one of the tests."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def call(self, *command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run one of its programs to the end, without anything of the tests' environment."""
        hidden = ("PYTHONPATH", "VIRTUAL_ENV", "BIREID_DATA")
        return subprocess.run(
            [self.folder / "bin" / str(command[0]), *map(str, command[1:])],
            env={name: value for name, value in os.environ.items() if name not in hidden},
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both wheels of this checkout by distribution; the C++ part is built where pip builds it."""
    folder = tmp_path_factory.mktemp("wheels")
    sources = (ROOT, ROOT / "runtime")
    # In few units: the same code in a fraction of the time.
    units = {"SKBUILD_CMAKE_DEFINE": "BIREID_UNITS=ON"}
    _run(sys.executable, *PIP, "wheel", "--no-deps", f"--wheel-dir={folder}", *sources, **units)
    return {path.name.partition("-")[0]: path for path in folder.glob("*.whl")}


@pytest.fixture(scope="session")
def new_environment(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Environment]:
    """Make an empty virtual environment with pip."""

    def make(name: str) -> Environment:
        folder = tmp_path_factory.mktemp(name) / "venv"
        _run(sys.executable, "-m", "venv", folder)
        return Environment(folder)

    return make


@pytest.fixture(scope="session")
def floors() -> dict[str, str]:
    """The lowest versions of other packages that metadata allows without any extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [Requirement(each) for each in project["dependencies"]]
    return {
        each.name: bound.version
        for each in needed
        for bound in each.specifier
        if bound.operator == ">=" and each.name != "bireid-runtime"
    }


@pytest.fixture(scope="session")
def light(
    wheels: dict[str, Path],
    floors: dict[str, str],
    new_environment: Callable[[str], Environment],
) -> Environment:
    """What `pip install bireid-deploy` gives, without any extra, of the oldest versions allowed."""
    environment = new_environment("light")
    oldest = environment.folder / "oldest.txt"
    oldest.write_text("".join(f"{name}=={version}\n" for name, version in floors.items()))
    _run(environment.python, *PIP, "install", f"--constraint={oldest}", *wheels.values())
    return environment


@pytest.fixture(scope="session")
def full(wheels: dict[str, Path], new_environment: Callable[[str], Environment]) -> Environment:
    """What the extra `train` gives: its packages are borrowed from the tests' environment."""
    environment = new_environment("full")
    _run(environment.python, *PIP, "install", "--no-deps", *wheels.values())
    (site,) = environment.folder.glob("lib/python*/site-packages")
    # A folder that a .pth file names comes last, and its own .pth files are not read: what is
    # editable there stays out.
    (site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return environment


def _run(*command: object, **environment: str) -> None:
    done = subprocess.run(
        [*map(str, command)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

"""The package for browsers and Node, built once for the tests of this folder."""

import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def _require(program, package):
    if shutil.which(program) is None:
        pytest.skip(f"no {program} (apt-get install {package})")


def _run(command):
    done = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="session")
def run():
    """Runs a command in the repository; its standard output."""
    return _run


@pytest.fixture(scope="session")
def package():
    """The folder of the package, as `make wasm` leaves it."""
    _require("em++", "emscripten")
    _require("node", "nodejs")
    _run(["make", "wasm"])
    return REPOSITORY / "dist" / "npm"

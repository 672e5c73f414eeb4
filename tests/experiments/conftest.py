"""Tiny grids on a couple of dozen synthetic people, through the command line."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bireid_deploy.cli.main import run

RECIPE = """
name = "tiny"
[network]
precision = "real"
width = 0.125
input_height = 32
input_width = 32
[batch]
identities = 4
images_per_identity = 2
[augmentation]
pad = 2
[optimizer]
epochs = 1
"""

# The run that starts from another one stands first on purpose.
GRID = """
name = "tiny-grid"
seeds = [0, 1]
[data]
kind = "synthetic"
identities = 20
[[run]]
name = "second"
label = "Second stage"
recipe = "tiny.toml"
init = "first"
set = ["optimizer.other_rate=0.002"]
[[run]]
name = "first"
recipe = "tiny.toml"
"""


@dataclass(frozen=True)
class Result:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def cli(capfd):
    """Run `experiment` in this process; no mistake may ever show a traceback."""

    def call(*arguments):
        capfd.readouterr()
        code = run(["experiment", *map(str, arguments)])
        result = Result(code, *capfd.readouterr())
        assert "Traceback" not in result.err
        return result

    return call


@pytest.fixture
def refused(cli):
    """Run `experiment` with a mistake; returns its stderr."""

    def call(*arguments):
        result = cli(*arguments)
        assert result.code == 2, result.err
        return result.err

    return call


@pytest.fixture(scope="session")
def write_grid():
    """Write a grid and its recipe into a folder; returns the grid's path."""

    def call(folder, grid=GRID):
        (folder / "tiny.toml").write_text(RECIPE)
        path = Path(folder) / "grid.toml"
        path.write_text(grid)
        return path

    return call


@pytest.fixture
def grid(write_grid, tmp_path):
    return write_grid(tmp_path)


@pytest.fixture
def start(request):
    """Start `experiment` as a process of its own, as a person does."""

    def call(*arguments):
        command = [sys.executable, "-m", "bireid_deploy", "experiment", *map(str, arguments)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        request.addfinalizer(process.kill)
        return process

    return call

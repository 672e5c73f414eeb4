"""Tiny grids on a couple of dozen synthetic people, through the command line."""

import functools
import subprocess
import sys
from pathlib import Path

import pytest

RECIPE = """
name = "tiny"
[network]
precision = "real"
backbone = "resnet10"
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
height = 64
width = 32
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


@pytest.fixture
def experiment(cli):
    """Run `experiment` in this process."""
    return functools.partial(cli, "experiment")


@pytest.fixture
def refused(experiment):
    """Run `experiment` with a mistake; returns its stderr."""

    def call(*arguments):
        result = experiment(*arguments)
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

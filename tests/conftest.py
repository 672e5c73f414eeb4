"""Shared by all tests: Keras 2 before anything imports TensorFlow, commands, optional real data."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import bireid_models  # noqa: F401  (sets TF_USE_LEGACY_KERAS)
import pytest

from bireid_deploy.cli.main import run

sys.path.insert(0, str(Path(__file__).parent))

from command_result import Result

TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a folder's tests in one process: they share what takes long to make."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(item.path.relative_to(TESTS).parts[0]))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets, or a skip that says how to provide it."""
    folder = os.environ.get("BIREID_DATA")
    if not folder:
        pytest.skip("BIREID_DATA is not set to the folder of real data sets")
    path = Path(folder)
    if not path.is_dir():
        pytest.skip(f"BIREID_DATA={folder} is not a folder")
    return path


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run a command line in this process; no mistake may ever show a traceback."""

    def call(*arguments: object) -> Result:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        result = Result(code, *capfd.readouterr())
        assert "Traceback" not in result.err
        return result

    return call

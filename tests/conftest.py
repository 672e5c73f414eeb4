"""Shared by all tests: Keras 2 before anything imports TensorFlow, commands, optional real data."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bireid_models  # noqa: F401  (sets TF_USE_LEGACY_KERAS)
import pytest
from xdist.scheduler import LoadScopeScheduling

from bireid_deploy.cli.main import run

sys.path.insert(0, str(Path(__file__).parent))

from command_result import Result
from skips import (  # noqa: F401  (hooks)
    pytest_make_collect_report,
    pytest_runtest_makereport,
    skip_unavoidably,
)

# Folders in which tests take minutes start first, so that no process ends with one of them alone.
_LONG_FOLDERS = ("training", "aarch64", "converters", "e2e", "experiments", "tasks", "installation")
# What one test may take before its name is printed.
_LONG_SECONDS = 60


class FolderScheduling(LoadScopeScheduling):
    """Keeps a folder's tests in one process: they share what takes long to make."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::")[0].rpartition("/")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FolderScheduling:
    """Spread folders over the processes."""
    return FolderScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long folders first."""

    def rank(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return _LONG_FOLDERS.index(folder) if folder in _LONG_FOLDERS else len(_LONG_FOLDERS)

    items.sort(key=rank)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name what takes long as it ends, for a run that is cut off prints no durations."""
    if report.duration > _LONG_SECONDS and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\n{report.nodeid}: {report.when} took {report.duration:.0f} s", flush=True)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets, or a skip that says how to provide it."""
    folder = os.environ.get("BIREID_DATA")
    if not folder:
        skip_unavoidably("BIREID_DATA is not set to the folder of real data sets")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"BIREID_DATA={folder} is not a folder")
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

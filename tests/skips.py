"""What a skipped test means: with BIREID_REQUIRE=all, that this machine was not set up.

A plugin of pytest, which tests/conftest.py takes over.
"""

import os
from collections.abc import Generator
from typing import NoReturn, TypeVar

import pytest

SWITCH = "BIREID_REQUIRE"
# How the reason of a skip begins that no installation could avoid.
UNAVOIDABLE = "not on this machine: "

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def skip_unavoidably(reason: str) -> NoReturn:
    """Skip for what belongs to the machine: its processor, its rights, data that is not public."""
    pytest.skip(f"{UNAVOIDABLE}{reason}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judge a test that skips itself."""
    return _judged((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Judge a module that skips all its tests."""
    return _judged((yield))


def _judged(report: Report) -> Report:
    if os.environ.get(SWITCH) != "all" or not report.skipped or hasattr(report, "wasxfail"):
        return report
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if UNAVOIDABLE not in reason:
        report.outcome = "failed"
        report.longrepr = f"{SWITCH}=all allows no skip for what can be installed. {reason}"
    return report

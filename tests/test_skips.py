"""The switch that turns skips into failures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest, skips
def test_tool(): pytest.skip("a tool is missing")
@pytest.mark.skipif(True, reason="a package is missing")
def test_marked(): pass
def test_processor(): skips.skip_unavoidably("AVX-512")
@pytest.mark.skipif(True, reason=f"{skips.UNAVOIDABLE}Android")
def test_marked_processor(): pass
@pytest.mark.xfail(strict=True)
def test_defect(): assert False
"""
MODULE = 'import pytest\npytest.skip("all of it", allow_module_level=True)\n'


@pytest.fixture
def outcomes(tmp_path):
    def call(switch):
        (tmp_path / "test_some.py").write_text(TESTS)
        (tmp_path / "test_module.py").write_text(MODULE)
        command = ["-m", "pytest", "-q", "-p", "skips", "-c", "/dev/null", "--rootdir=.", "-rfE"]
        command.append("--continue-on-collection-errors")
        done = subprocess.run(
            [sys.executable, *command, "."],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent), "BIREID_REQUIRE": switch},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    return call


def test_a_skip_is_a_skip(outcomes):
    assert "5 skipped, 1 xfailed" in outcomes("")


def test_what_could_be_installed_is_required(outcomes):
    out = outcomes("all")
    assert "1 failed, 2 skipped, 1 xfailed, 2 errors" in out
    assert "FAILED test_some.py::test_tool" in out
    assert "ERROR test_module.py" in out
    assert "a tool is missing" in out
    assert "all of it" in out


def test_what_no_installation_gives_is_not(outcomes):
    out = outcomes("all")
    assert "test_processor" not in out
    assert "test_marked_processor" not in out

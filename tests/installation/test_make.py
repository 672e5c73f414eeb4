"""Targets of the Makefile: what they need, before anything is built."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def planned(target, *variables):
    """The commands that make would run in a fresh clone."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--dry-run", "--always-make", target, "VENV=the-big-one", *variables]
    done = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize(
    "target",
    [
        "wheel",
        "wheel-aarch64",
        "wheel-armv7",
        "wheel-deploy",
        "native-libraries",
        "native-test",
        "bireid-embed",
        "bireid-embed-aarch64",
        "bireid-embed-armv7",
        "wasm",
        "install",
    ],
)
def test_what_builds_needs_no_tensorflow(target):
    assert "the-big-one" not in planned(target)


def test_the_suite_has_it():
    assert "the-big-one/bin/pytest" in planned("test")


def test_install_takes_extras_and_the_active_python():
    command = planned("install", "EXTRAS=train", "ACTIVE_PYTHON=/opt/env/bin/python")
    assert "/opt/env/bin/python -m pip" in command
    assert '"./runtime" ".[train]"' in command.replace("./runtime ", '"./runtime" ')
    assert ".[" not in planned("install")

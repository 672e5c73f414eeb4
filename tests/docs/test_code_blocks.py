"""Python on the pages is as clean as in the sources."""

import subprocess
import sys

import documentation
import pytest

# Blocks that go on from each other import where they need something.
CONTINUED = "E402,I001"


def _ruff(folder, *arguments):
    config = str(documentation.REPOSITORY / "pyproject.toml")
    command = [sys.executable, "-m", "ruff", *arguments, "--config", config, "--no-cache"]
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", ["docs/extending.md", "docs/python-api.md"])
def test_blocks_are_formatted(page, tmp_path):
    for index, code in enumerate(documentation.blocks(page, "python")):
        (tmp_path / f"block{index}.py").write_text(code)
    _ruff(tmp_path, "format", "--diff")


def test_modules_pass_the_linter(tmp_path):
    for index, code in enumerate(documentation.blocks("docs/extending.md", "python")):
        (tmp_path / f"block{index}.py").write_text(code)
    _ruff(tmp_path, "check")


def test_steps_pass_the_linter_together(tmp_path):
    steps = documentation.blocks("docs/python-api.md", "python")
    (tmp_path / "page.py").write_text("\n".join(['"""The page."""', *steps]))
    _ruff(tmp_path, "check", "--ignore", CONTINUED)

"""A clone is whole, whatever git does to line ends there."""

import shutil
import subprocess
from pathlib import Path

import pytest
from bireid_runtime import Bundle
from zoo import BUNDLES

ROOT = Path(__file__).parents[1]


def git(*arguments: object) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(
        ["git", *identity, *map(str, arguments)], check=True, capture_output=True, text=True
    )


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_bundles_survive_a_clone_that_changes_line_ends(tmp_path: Path) -> None:
    source, clone = tmp_path / "source", tmp_path / "clone"
    source.mkdir()
    for name in (".gitattributes", ".ci/run"):
        (source / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    shutil.copytree(ROOT / "models" / "zoo", source / "models" / "zoo")
    git("-C", source, "init", "--quiet")
    git("-C", source, "add", ".")
    git("-C", source, "commit", "--quiet", "-m", "all")
    git("clone", "--quiet", "-c", "core.autocrlf=true", source, clone)
    for bundle in BUNDLES:
        assert Bundle.open(clone / "models" / "zoo" / bundle.name).verified
    assert b"\r" not in (clone / ".ci" / "run").read_bytes()

"""The program bireid-embed as `make native-test` builds it, plain and under sanitizers."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from bundle_files import REID_BUNDLE

ROOT = Path(__file__).parents[2]
BUNDLE = REID_BUNDLE
TOLERANCE = 1e-5  # of an embedding's component, between engines on the same pixels

# Folders of `make native-test` by the names of their builds; it takes clang where there is one.
_CLANG = (ROOT / "build" / "sanitize-clang").is_dir()
_BUILDS = {"native": "native", "sanitize": "sanitize-clang" if _CLANG else "sanitize"}


def _program(build: str) -> object:
    path = ROOT / "build" / _BUILDS[build] / "native" / "bireid-embed"
    reason = f"{path.relative_to(ROOT)} is missing (make native-test)"
    return pytest.param(path, id=build, marks=pytest.mark.skipif(not path.exists(), reason=reason))


# BIREID_EMBED names another build to test instead.
if "BIREID_EMBED" in os.environ:
    PROGRAMS = [pytest.param(Path(os.environ["BIREID_EMBED"]), id="BIREID_EMBED")]
else:
    PROGRAMS = [_program(build) for build in _BUILDS]


def run(program: Path, *arguments: object, **options: object) -> subprocess.CompletedProcess[bytes]:
    """Run the program to its end."""
    command = [program, *(os.fspath(a) if isinstance(a, Path) else str(a) for a in arguments)]
    return subprocess.run(command, capture_output=True, timeout=120, **options)


def embeddings(program: Path, *images: object, bundle: Path = BUNDLE) -> np.ndarray:
    """Embed images that the program must accept: float32 (N, D)."""
    done = run(program, bundle, *images)
    assert (done.returncode, done.stderr) == (0, b"")
    rows = [json.loads(line)["embedding"] for line in done.stdout.splitlines()]
    return np.array(rows, np.float32)


def refusal(program: Path, *arguments: object, exit_code: int = 2) -> str:
    """Run the program, which must fail with one line; returns that line."""
    done = run(program, *arguments)
    assert (done.returncode, done.stdout) == (exit_code, b"")
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("bireid-embed: ")
    return lines[0]


def copy_bundle(folder: Path) -> Path:
    """A bundle that a test may change."""
    return Path(shutil.copytree(BUNDLE, folder / "bundle"))

"""Wheels of other projects, downloaded once and unpacked, for tests that need what is in them."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[1] / ".cache" / "wheels"


def unpacked(package: str, version: str) -> Path:
    """The folder of a version's wheel; skips the test where it cannot be had."""
    folder = CACHE / f"{package}-{version}"
    if folder.is_dir():
        return folder
    downloads = folder.with_name(f"{folder.name}.download")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--no-deps", f"--dest={downloads}", f"{package}=={version}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        pytest.skip(f"no wheel of {package} {version}: {last}")
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    (wheel,) = downloads.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unfinished)
    unfinished.rename(folder)
    return folder

"""The delegate in every supported line of LiteRT: each version's own wheel, unpacked beside."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from bireid_runtime.backends import BACKENDS

REPOSITORY = Path(__file__).parents[2]
ZOO = REPOSITORY / "models" / "zoo"
CACHE = REPOSITORY / ".cache" / "litert"
LITERT = next(backend for backend in BACKENDS if backend.name == "litert")
VERSIONS = ["1.2.0", "1.4.0", "2.0.2", "2.1.0", "2.2.0", "2.3.0"]
PROGRAM = """
import sys
from bireid_runtime import Extractor, self_test
extractor = Extractor.open(sys.argv[1], backend="litert")
result = self_test(extractor)
print(extractor.engine, result.passed)
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        LITERT.unavailable_reason() is not None, reason=str(LITERT.unavailable_reason())
    ),
]


def unpacked_wheel(version: str) -> Path:
    """The folder of a version's wheel; skips where it cannot be had."""
    folder = CACHE / version
    if folder.is_dir():
        return folder
    downloads = CACHE / f"{version}.download"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--no-deps", f"--dest={downloads}", f"ai-edge-litert=={version}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        pytest.skip(f"no wheel of ai-edge-litert {version}: {last}")
    unfinished = CACHE / f"{version}.unfinished"
    (wheel,) = downloads.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unfinished)
    unfinished.rename(folder)
    return folder


@pytest.mark.parametrize("version", VERSIONS)
def test_golden_crops(version):
    bundle = min(path for path in ZOO.iterdir() if path.is_dir())
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(bundle)],
        env={**os.environ, "PYTHONPATH": str(unpacked_wheel(version))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"ai-edge-litert {version} + bireid" in done.stdout
    assert done.stdout.strip().endswith("True")

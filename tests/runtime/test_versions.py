"""Versions of other packages that are promised: each one's own wheel, unpacked beside."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from bireid_runtime.backends import BACKENDS
from packaging.requirements import Requirement
from packaging.version import Version
from wheels import unpacked
from zoo import REID_BUNDLE

REPOSITORY = Path(__file__).parents[2]
EXTRAS = tomllib.loads((REPOSITORY / "runtime/pyproject.toml").read_text())["project"][
    "optional-dependencies"
]
LITERT = ["1.2.0", "1.4.0", "2.0.2", "2.1.0", "2.2.0", "2.3.0"]
PROGRAM = """
import sys
from bireid_runtime import Extractor, self_test
extractor = Extractor.open(sys.argv[1], backend=sys.argv[2])
print(extractor.engine, self_test(extractor).passed)
"""
IMAGES = """
import sys
import numpy, PIL
from bireid_runtime.images import load_image
print(PIL.__version__, load_image(sys.argv[1]).shape)
"""

pytestmark = pytest.mark.slow


def _floor(extra: str) -> str:
    """The lowest version that metadata allows, as it was released first."""
    (requirement,) = map(Requirement, EXTRAS[extra])
    (bound,) = requirement.specifier
    assert bound.operator == ">="
    return ".".join([*map(str, Version(bound.version).release), "0", "0"][:3])


def _run(program: str, wheel: Path, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("backend", "package", "version"),
    [
        *(("litert", "ai-edge-litert", version) for version in LITERT),
        ("onnx", "onnxruntime", _floor("onnx")),
    ],
)
def test_golden_crops(backend, package, version):
    (engine,) = [each for each in BACKENDS if each.name == backend]
    if engine.unavailable_reason() is not None:
        pytest.skip(str(engine.unavailable_reason()))
    said = _run(PROGRAM, unpacked(package, version), REID_BUNDLE, backend)
    assert version in said
    assert said.endswith("True")


def test_the_oldest_litert_that_metadata_allows_is_among_them():
    assert _floor("litert") == LITERT[0]


def test_images_are_read_by_the_oldest_pillow(tmp_path):
    from PIL import Image

    Image.new("RGB", (5, 7)).save(tmp_path / "a.png")
    floor = _floor("images")
    said = _run(IMAGES, unpacked("pillow", floor), tmp_path / "a.png")
    assert said == f"{floor} (7, 5, 3)"

"""Tiny people, runs and bundles, made once through the command line and never changed after."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from command_result import Result

from bireid_deploy.cli.main import run
from bireid_deploy.data.synthetic import write_synthetic

TRAIN_PEOPLE, TEST_PEOPLE, CAMERAS = 8, 60, 4

RECIPE = """
name = "tiny"
[network]
backbone = "resnet10"
width = 0.125
input_height = 64
input_width = 32
[batch]
identities = 4
images_per_identity = 2
[augmentation]
pad = 2
[kernel_refining]
enabled = true
[feature_refining]
enabled = true
[optimizer]
epochs = 2
"""

REAL_RECIPE = """
name = "tiny-real"
[network]
precision = "real"
backbone = "resnet10"
width = 0.125
input_height = 64
input_width = 32
[batch]
identities = 4
images_per_identity = 2
[augmentation]
pad = 2
[optimizer]
epochs = 1
"""


@dataclass(frozen=True)
class Made:
    """Something that a command made, with what it said."""

    path: Path
    result: Result


def pytest_collection_modifyitems(items):
    """Whoever needs the trained network waits for its training, half a minute in all."""
    for item in items:
        if item.path.parent == Path(__file__).parent and "trained" in item.fixturenames:
            item.add_marker(pytest.mark.slow)


def _make(path, *arguments):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    assert code == 0, err.getvalue()
    return Made(path, Result(code, out.getvalue(), err.getvalue()))


@pytest.fixture(scope="session")
def make():
    """Run a command line that makes something at a path; returns both."""
    return _make


@pytest.fixture
def refused(cli):
    """Run a command line that must fail; returns its stderr."""

    def call(code, *arguments):
        result = cli(*arguments)
        assert result.code == code, result.err
        assert result.err.strip()
        return result.err

    return call


@pytest.fixture
def process(tmp_path):
    """Run a command line as a process of its own, as a person does."""

    def call(*arguments):
        command = [sys.executable, "-m", "bireid_deploy", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert "Traceback" not in done.stderr
        return Result(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture(scope="session")
def workplace(tmp_path_factory):
    return tmp_path_factory.mktemp("e2e")


@pytest.fixture(scope="session")
def people(workplace):
    """A data set of 8 people to train with and 60 to rank: 240 queries."""
    total = TRAIN_PEOPLE + TEST_PEOPLE
    write_synthetic(
        workplace / "people",
        identities=total,
        cameras=CAMERAS,
        images_per_camera=2,
        test_fraction=TEST_PEOPLE / total,
        size=(64, 32),
    )
    return workplace / "people"


@pytest.fixture(scope="session")
def recipe(workplace):
    """A 1-bit network of eighth width with both refinements."""
    path = workplace / "tiny.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="session")
def real_recipe(workplace):
    """Its real-valued counterpart, which trains in two seconds."""
    path = workplace / "real.toml"
    path.write_text(REAL_RECIPE)
    return path


@pytest.fixture(scope="session")
def trained(workplace, people, recipe):
    path = workplace / "run"
    return _make(path, "train", recipe, "--data", people, "--out", path, "--json")


@pytest.fixture(scope="session")
def trained_real(workplace, people, real_recipe):
    path = workplace / "real-run"
    return _make(path, "train", real_recipe, "--data", people, "--out", path)


@pytest.fixture(scope="session")
def converted(workplace, trained, people):
    """The bundle of the 1-bit run: LCE and ONNX, with the ranking of every engine."""
    path = workplace / "bundle"
    return _make(path, "convert", trained.path, "-o", path, "--data", people, "--json")


@pytest.fixture(scope="session")
def bundle(converted):
    return converted.path


@pytest.fixture(scope="session")
def four_formats(workplace, trained, trained_real):
    """A bundle with all formats."""
    path = workplace / "four-formats"
    formats = [f"--format={name}" for name in ("lce", "onnx", "float-onnx", "int8")]
    return _make(path, "convert", trained.path, "-o", path, "--real", trained_real.path, *formats)


@pytest.fixture
def bundle_copy(bundle, tmp_path):
    """A bundle that a test may damage."""
    return Path(shutil.copytree(bundle, tmp_path / "copy"))


@pytest.fixture
def people_copy(people, tmp_path):
    """A data set that a test may damage; its images are links until they are replaced."""
    return Path(shutil.copytree(people, tmp_path / "people", copy_function=os.link))


@pytest.fixture(scope="session")
def damage():
    """Replace a file, possibly linked elsewhere, by what a function makes of its bytes."""

    def call(path, change):
        content = change(path.read_bytes())
        path.unlink()
        path.write_bytes(content)

    return call


@pytest.fixture(scope="session")
def rewrite_hashes():
    """Make the hashes of a bundle fit its files again, as an attacker would."""

    def call(bundle):
        manifest = json.loads((bundle / "manifest.json").read_text())
        for name, entry in manifest["files"].items():
            content = (bundle / name).read_bytes()
            entry.update(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
        (bundle / "manifest.json").write_text(json.dumps(manifest))
        sums = bundle / "SHA256SUMS"
        names = [line.split(maxsplit=1)[1] for line in sums.read_text().splitlines()]
        sums.write_text(
            "".join(
                f"{hashlib.sha256((bundle / name).read_bytes()).hexdigest()}  {name}\n"
                for name in names
            )
        )

    return call


@pytest.fixture(scope="session")
def flip_weight():
    """Give one weight of a binary layer in an ONNX file the other sign."""

    def call(content, layer):
        import onnx

        model = onnx.load_from_string(content)
        (tensor,) = [each for each in model.graph.initializer if each.name == f"{layer}/bits"]
        bits = onnx.numpy_helper.to_array(tensor).copy()
        bits.reshape(-1)[0] ^= 1
        tensor.CopyFrom(onnx.numpy_helper.from_array(bits, tensor.name))
        return model.SerializeToString()

    return call

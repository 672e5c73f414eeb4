"""`pip install bireid-deploy` without extras: the tools of devices work, the others say why not."""

import json
import shutil

import numpy as np
import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version
from PIL import Image

from bireid_deploy import extras

ROOT_ZOO = "distilled_r18_half-synthetic-128x64-256d-v2"
REMEDY = 'pip install "bireid-deploy[train]"'

pytestmark = pytest.mark.slow


@pytest.fixture
def bundle(request, tmp_path):
    """The zoo's bundle, far from the checkout."""
    zoo = request.config.rootpath / "models" / "zoo" / ROOT_ZOO
    return shutil.copytree(zoo, tmp_path / "bundle")


@pytest.fixture
def deploy(light, tmp_path):
    def call(*arguments):
        return light.call("bireid-deploy", *arguments, cwd=tmp_path)

    return call


def test_nothing_heavy_is_installed(light, tmp_path):
    done = light.call("python", "-m", "pip", "list", "--format=json", cwd=tmp_path)
    names = {each["name"].lower() for each in json.loads(done.stdout)}
    assert names >= set(extras.packages())
    assert names & {*extras.packages("train"), *extras.packages("figures"), "keras"} == set()


def test_the_versions_are_the_oldest_that_metadata_allows(light, floors, tmp_path):
    done = light.call("python", "-m", "pip", "list", "--format=json", cwd=tmp_path)
    listed = json.loads(done.stdout)
    found = {canonicalize_name(each["name"]): Version(each["version"]) for each in listed}
    oldest = {name: Version(version) for name, version in floors.items()}
    assert len(oldest) >= 6
    assert {name: found[name] for name in oldest} == oldest


def test_embed(deploy, bundle, tmp_path):
    pixels = np.random.default_rng(0).integers(256, size=(90, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "crop.png")
    done = deploy("embed", bundle, "crop.png", "-o", "out.npz", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["backend"] == "native"
    assert (tmp_path / "out.npz").exists()


def test_doctor_says_what_is_missing_and_what_installs_it(deploy):
    done = deploy("doctor", "--json")
    assert done.returncode == 0, done.stderr
    found = {each["name"]: each for each in json.loads(done.stdout)["findings"]}
    assert found["back end native"]["ok"]
    assert found["click"]["ok"]
    for package in extras.packages("train"):
        assert (found[package]["value"], found[package]["remedy"]) == ("missing", REMEDY)


@pytest.mark.parametrize("verb", ["flash", "doctor", "embed", "bench", "inspect", "train"])
def test_help(deploy, verb):
    done = deploy(verb, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: bireid-deploy {verb}")


def test_flash(deploy, bundle, tmp_path):
    """Nothing is there to send, and that is the only complaint."""
    (tmp_path / "dist").mkdir()
    done = deploy("flash", bundle, f"file://{tmp_path}/device", "--dist", "dist")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(
        "bireid-deploy: dist: no wheel of bireid-runtime"
    )


def test_bench_times_what_is_installed_and_names_what_is_not(deploy, bundle):
    done = deploy("bench", bundle, "--rounds", "1", "--starts", "1", "--json")
    assert done.returncode == 0, done.stderr
    engines = [row["engine"] for row in json.loads(done.stdout)["engines"]]
    assert engines == ["1-bit, bireid (native)", "1-bit, bireid (native), uint8 stem"]
    for package in ("ai_edge_litert", "larq_compute_engine", "onnxruntime"):
        assert f"{package} is not installed" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "demo", "--data", ".", "--out", "run"),
        ("convert", "run", "-o", "new"),
        ("demo",),
        ("experiment", "zoo", "--out", "experiment"),
        ("verify", "bundle"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_verb_that_lacks_its_extra_says_which_line_installs_it(
    deploy, bundle, tmp_path, arguments
):
    before = set(tmp_path.iterdir())
    done = deploy(*arguments)
    names = ", ".join(extras.packages("train"))
    assert done.stderr == f"bireid-deploy: {names} are not installed: {REMEDY}\n"
    assert (done.returncode, done.stdout) == (4, "")
    assert set(tmp_path.iterdir()) == before


def test_inspect_names_the_package_that_it_needs(deploy, bundle):
    done = deploy("inspect", bundle)
    assert done.returncode == 4
    assert done.stderr == f"bireid-deploy: onnx is not installed: {REMEDY}\n"

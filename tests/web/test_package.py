"""The package `bireid` in Node, against the engine of this machine."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import Extractor
from lce_replay import build_program, replay
from zoo import REID_BUNDLE

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
SIZES = ((64, 128), (37, 90), (128, 64))


@pytest.fixture(scope="module")
def crops():
    generator = np.random.default_rng(7)
    return [generator.integers(0, 256, (h, w, 3), np.uint8) for w, h in SIZES]


@pytest.fixture(scope="module")
def found(package, run, crops, tmp_path_factory):
    """What a program in Node saw."""
    images = tmp_path_factory.mktemp("web") / "images.json"
    records = []
    for crop in crops:
        alpha = np.full((*crop.shape[:2], 1), 255, np.uint8)
        rgba = np.concatenate([crop, alpha], axis=2).tobytes()
        height, width = crop.shape[:2]
        records.append({"width": width, "height": height, "rgba": base64.b64encode(rgba).decode()})
    images.write_text(json.dumps(records))
    return json.loads(run(["node", HERE / "use_package.mjs", package, REID_BUNDLE, images]))


@pytest.fixture(scope="module")
def native():
    return Extractor.open(REID_BUNDLE, backend="native")


def test_embeddings_are_those_of_the_native_engine(found, native, crops):
    assert found["engine"].endswith("(wasm)")
    assert found["fingerprint"] == native.fingerprint
    assert found["dimension"] == 256
    expected = native.embed(crops)
    assert np.abs(np.array(found["embeddings"]["float32"]) - expected).max() < 1e-6
    # The scalar path rounds once per product, as every native path.
    np.testing.assert_array_equal(np.float32(found["embeddings"]["scalar"]), expected)
    assert found["similarity"] == pytest.approx(expected[0] @ expected[1], abs=1e-6)


def test_the_stem_in_integers_is_that_of_the_native_engine(found, crops):
    native = Extractor.open(REID_BUNDLE, backend="litert-uint8")
    cosines = (np.array(found["embeddings"]["uint8"]) * native.embed(crops)).sum(axis=1)
    assert cosines.min() > 0.999
    assert found["embeddings"]["uint8"] != found["embeddings"]["float32"]


def test_the_self_test_passes(found):
    assert found["selftest"]["maxDifference"] < 1e-5
    assert found["selftest"]["minCosine"] > 0.9999


def test_what_cannot_be_is_refused_in_one_line(found):
    refusals = found["refusals"]
    for name, words in {
        "image": "an image of 0x128; sides must be 1 to 20000 pixels",
        "bytes": "32768 bytes for 1x128 pixels of RGBA; there must be 512",
        "closed": "the extractor is closed; open another one",
        "lengths": "embeddings of 256 and 255 numbers",
        "missing": "no file model.lce.tflite is given",
        "hash": "model.lce.tflite",
        "golden": "golden.safetensors",
        "json": "not valid JSON",
        "files": "files must be an object of Uint8Arrays by name, with manifest.json",
        "path": "isa: must be a Uint8Array",
        "isa": "isa is 'avx2'; this CPU or this build has no such path",
        "calibration": "calibration is malformed",
    }.items():
        assert words in refusals[name], (name, refusals[name])
        assert "\n" not in refusals[name]


def test_scores_mean_what_the_calibration_says(found):
    assert found["calibration"] is None
    assert found["rates"] == [None, 0.1, 0.1, 0.01]


def test_kernels_compute_what_they_are_defined_to(package, run):
    build = ["cmake", "--build", "build/wasm", "--target", "emulated_paths"]
    run(build)
    printed = run(["node", HERE / "run_program.mjs", "build/wasm/native/emulated_paths.wasm"])
    assert printed.splitlines()[0] == "auto is wasm"
    assert printed.count(": 0 of ") == 8


@pytest.mark.slow
@pytest.mark.timeout(300)  # it compiles one file, and asks LCE if no other process did
def test_the_grid_of_lce_has_the_bits_of_lce(package):
    program = build_program(REPOSITORY / "build" / "wasm", ".wasm")
    replay(["node", HERE / "run_program.mjs", program], "wasm")


def test_the_file_is_small(package):
    assert (package / "bireid.wasm").stat().st_size < 400_000


def test_the_package_lists_what_it_needs(package, run):
    described = json.loads((package / "package.json").read_text())
    listed = {*described["files"], "README.md", "LICENSE", "package.json"}
    there = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    assert there == listed
    from bireid_runtime import __version__

    assert described["version"] == __version__

"""Bundles in memory, as an archive or a database gives them."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import Bundle, Extractor, Session, self_test
from bireid_runtime.errors import ArgumentError, BundleError, IntegrityError
from bireid_runtime.self_test import require

sys.path.insert(0, str(Path(__file__).parents[1] / "native"))

from bundle_files import adapted_bundle

NEEDED = ("manifest.json", "golden.safetensors")
CROP = np.random.default_rng(0).integers(0, 256, (80, 40, 3), np.uint8)


@pytest.fixture
def files(released_bundle):
    return {path.name: path.read_bytes() for path in released_bundle.path.iterdir()}


def test_it_computes_what_the_folder_does(files, released_bundle):
    bundle = Bundle.from_files(files)
    assert bundle.fingerprint == released_bundle.fingerprint
    extractor = Extractor.open(bundle)
    assert extractor.backend == "native"
    expected = Extractor.open(released_bundle.path).embed([CROP])
    np.testing.assert_array_equal(extractor.embed([CROP]), expected)
    # Twice, since nothing of it is used up.
    for _ in range(2):
        require(self_test(Session.open(bundle)))


def test_files_that_no_engine_opens_may_be_missing(files):
    few = {name: files[name] for name in (*NEEDED, "model.lce.tflite")}
    bundle = Bundle.from_files(few)
    assert list(bundle.formats) == ["lce"]
    require(self_test(Session.open(bundle, "native")))
    with pytest.raises(BundleError, match="no file of format 'onnx'"):
        Session.open(bundle, "onnx")


@pytest.mark.parametrize("name", ["model.lce.tflite", "golden.safetensors"])
def test_files_are_those_of_the_manifest(files, name):
    with pytest.raises(IntegrityError, match=f"{name}: .* the manifest says"):
        Bundle.from_files({**files, name: files[name][:-1]})
    with pytest.raises(IntegrityError, match=f"{name}: SHA-256 mismatch"):
        Bundle.from_files({**files, name: files[name][:-1] + b"?"})


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_needed_is_named(files, name):
    del files[name]
    with pytest.raises(BundleError, match=name):
        Bundle.from_files(files, "cargo")


def test_an_adapted_bundle_serves_every_camera(tmp_path):
    folder = adapted_bundle()
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    extractor = Extractor.open(Bundle.from_files(files), backend="native")
    expected = Extractor.open(folder, backend="native")
    for camera in expected.cameras:
        found = extractor.embed([CROP], camera=camera)
        np.testing.assert_array_equal(found, expected.embed([CROP], camera=camera))
    with pytest.raises(ArgumentError, match="name one"):
        extractor.embed([CROP])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda manifest: manifest["golden"].update(bytes=2**40), r"golden\.bytes"),
        (lambda manifest: manifest["golden"].update(file="../golden"), "not a plain file name"),
        (
            lambda manifest: manifest["files"].update({"../x": manifest["files"]["model.onnx"]}),
            "not a plain file name",
        ),
        (lambda manifest: manifest.update(schema_version=9), "schema_version"),
    ],
)
def test_a_manifest_of_an_attacker_is_refused(files, change, words):
    manifest = json.loads(files["manifest.json"])
    change(manifest)
    with pytest.raises(BundleError, match=words):
        Bundle.from_files({**files, "manifest.json": json.dumps(manifest).encode()})
    with pytest.raises(BundleError, match="larger than"):
        Bundle.from_files({"manifest.json": b" " * (4 * 2**20 + 1)})

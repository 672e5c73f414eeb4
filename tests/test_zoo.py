"""The bundles that the repository ships: whole, small, sound on every engine, free to pass on."""

import pytest
from bireid_runtime import Bundle, Session, self_test
from bireid_runtime.backends import BACKENDS
from bireid_runtime.golden_decoded import DecodedGolden
from zoo import BUNDLES

from bireid_deploy.conversion import verify_bundle


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.name)
@pytest.mark.parametrize("backend", [backend.name for backend in BACKENDS if backend.exact])
def test_golden_items(path, backend):
    assert self_test(Session.open(Bundle.open(path), backend, 1)).passed


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.name)
def test_engines_agree_and_hashes_hold(path):
    checks = verify_bundle(path)
    expected = {"hashes", "native vs lce", "litert vs lce", "lce vs onnx"}
    assert expected <= {check.name for check in checks}
    assert all(check.passed for check in checks), checks


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.name)
def test_golden_maps_are_kept_decoded(path):
    bundle = Bundle.open(path)
    expected = DecodedGolden.of(bundle.golden(), bundle.inputs, bundle.outputs)
    found = bundle.golden_decoded()
    assert (found is not None) == bool(expected.rows)
    assert found is None or found.to_bytes() == expected.to_bytes()


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.name)
def test_small_and_free(path):
    bundle = Bundle.open(path)
    assert bundle.name == path.name
    assert sum(file.stat().st_size for file in path.iterdir()) < 5_000_000
    assert bundle.manifest["licences"]["weights"] == "Apache-2.0"
    assert "no real person" in bundle.manifest["licences"]["training_data"]
    assert "rendered" in bundle.manifest["licences"]["training_data"]


def test_each_task_that_ships_has_one():
    tasks = {Bundle.open(path).task for path in BUNDLES}
    assert {"reid", "detection", "tracking", "points"} <= tasks

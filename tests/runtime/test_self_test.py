import numpy as np
import pytest
from bireid_runtime import Bundle, Extractor, Golden, Session, self_test
from bireid_runtime.errors import SelfTestError
from bireid_runtime.golden import Tolerance
from bireid_runtime.self_test import require


def test_passes_on_a_good_machine(bundle_path):
    for target in (
        Session.open(bundle_path),
        Extractor.open(bundle_path),
        Bundle.open(bundle_path),
        bundle_path,
    ):
        report = self_test(target)
        assert report.passed
        assert len(report.rows) == 4
        assert all(row.max_abs < 1e-5 and row.cosine > 0.99999 for row in report.rows)
        assert {row.output for row in report.rows} == {"embedding"}
        assert report.tolerances == {"embedding": Tolerance(1e-4, 0.999)}
        assert report.max_difference == max(row.max_abs for row in report.rows)
        assert report.min_cosine == min(row.cosine for row in report.rows)
        assert report.backend == "onnx"
        require(report)


def test_fails_when_the_numbers_differ(bundle_path, replace_network):
    replace_network(np.random.default_rng(8).normal(size=(3, 6)).astype(np.float32))
    report = self_test(bundle_path)
    assert not report.passed
    worst = min(row.cosine for row in report.rows)
    with pytest.raises(SelfTestError, match=f"smallest cosine {worst:.6f}.*allowed 0.999"):
        require(report)


@pytest.mark.parametrize(
    ("max_abs", "min_cosine", "passed"),
    [(1.0, 0.99, True), (1e-3, 0.99, False), (1.0, 0.99999, False)],
)
def test_both_tolerances_count(
    bundle_path, edit_manifest, crops, reference, max_abs, min_cosine, passed
):
    rows = np.stack([reference(crop) for crop in crops])
    rows[2] += np.array([0.1, 0, 0, 0, 0, 0], np.float32)
    golden = Golden({"image": tuple(crops)}, {"embedding": rows}, {})
    (bundle_path / "golden.safetensors").write_bytes(golden.to_bytes())
    allowed = {"max_abs": max_abs, "min_cosine": min_cosine}
    edit_manifest(lambda m: m["golden"]["tolerances"].update(embedding=allowed))
    report = self_test(Bundle.open(bundle_path, verify=False))
    assert report.passed is passed
    assert report.rows[2].max_abs == pytest.approx(0.1, abs=1e-4)
    assert report.rows[0].max_abs < 1e-5
